using System.Net;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Ngtcp2.Tests.Support;

namespace QuicChat.Fuzz.Targets;

/// <summary>
/// A client's and a server's core over a network that the input drives: what is lost, doubled, held back, altered, forged and moved, what the applications
/// do, and how time passes. What arrives is what was sent, in order; nothing faults; all memory comes back.
/// </summary>
internal sealed class CoreTarget : IFuzzTarget
{
    private const int MaxOperations = 200;
    private const int MaxStreams = 8;

    // Below what a flush waits for.
    private const int MaxWritten = 128 * 1024;
    private static readonly int[] Milliseconds = [0, 1, 10, 30, 100, 1_000, 10_000, 31_000];

    public IEnumerable<byte[]> Seeds =>
    [
        [0, 0, 0, 200, 5, 3, 1, 0, 100, 5, 4, 4, 0, 2, 0, 5, 5, 4, 0],
        [1, 6, 8, 1, 2, 3, 0, 4, 9, 0, 1, 5, 3, 0, 0, 50, 5, 4],
        [0, 7, 3, 0, 0, 9, 5, 2, 7, 4, 0, 0, 9, 5, 5, 4, 0],
        [0, 8, 2, 0, 0, 60, 5, 4, 8, 3, 5, 5, 4, 0],
        [0, 0, 0, 90, 5, 2, 3, 0, 1, 7, 5, 3, 11, 1, 5, 5],
        [0, 9, 0, 5, 0x40, 1, 2, 3, 4, 9, 1, 3, 0xc0, 0, 0, 10, 0, 3, 1, 5, 4],
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        using var run = new Session();
        var choices = new FuzzInput(input);
        run.Begin(choices.Byte());
        for (var i = 0; i < MaxOperations && !choices.IsEmpty; i++)
        {
            run.Do(ref choices);
        }

        run.End();
    }

    public void Dispose()
    {
    }

    private sealed class Session : IDisposable
    {
        private readonly PinnedBlockPool _clientPool = new();
        private readonly PinnedBlockPool _serverPool = new();
        private readonly CoreLink _link;
        private readonly List<TestedStream> _streams = [];
        private readonly Queue<(byte Fate, byte Argument)> _fates = new();
        private readonly List<byte[]> _seen = [];
        private byte[]? _held;

        public Session()
        {
            _link = new CoreLink(
                CoreLink.NewClientSettings() with { Pool = _clientPool, StreamReceiveWindow = 16 * 1024, ConnectionReceiveWindow = 48 * 1024 },
                CoreLink.NewServerSettings() with { Pool = _serverPool, StreamReceiveWindow = 16 * 1024, ConnectionReceiveWindow = 48 * 1024 });
            _link.Wire = (_, datagram) => OnWire(datagram);
        }

        public void Begin(byte choice)
        {
            if ((choice & 1) == 0)
            {
                _link.Establish();
            }
        }

        public void Do(ref FuzzInput choices)
        {
            switch (choices.Byte() % 13)
            {
                case 0:
                    Write(choices.Byte(), choices.Below(4_000), byClient: true);
                    break;
                case 1:
                    Write(choices.Byte(), choices.Below(4_000), byClient: false);
                    break;
                case 2:
                    Stream(choices.Byte())?.End((choices.Byte() & 1) == 0);
                    break;
                case 3:
                    Stream(choices.Byte())?.Abort(choices.Byte());
                    break;
                case 4:
                    ReadAll();
                    break;
                case 5:
                    _link.RunFor(TimeSpan.FromMilliseconds(Milliseconds[choices.Byte() % Milliseconds.Length]));
                    ReadAll();
                    break;
                case 6:
                    for (var count = choices.Byte() % 32; count > 0; count--)
                    {
                        _fates.Enqueue((choices.Byte(), choices.Byte()));
                    }

                    break;
                case 7:
                    _link.ClientAddress = Address(choices.Byte());
                    break;
                case 8:
                    if (!_link.Client.Core.IsClosed && _link.Client.Closure is null)
                    {
                        _link.Move(Address(choices.Byte()), _ => { });
                    }

                    break;
                case 9:
                    _link.Deliver((choices.Byte() & 1) == 0, choices.Bytes(choices.Byte()).ToArray(), Address(choices.Byte()));
                    break;
                case 10:
                    if (_seen.Count > 0)
                    {
                        var copy = Alter(_seen[choices.Byte() % _seen.Count], choices.Byte(), choices.Byte());
                        _link.Deliver((choices.Byte() & 1) == 0, copy, Address(choices.Byte()));
                    }

                    break;
                case 11:
                    Close(choices.Byte());
                    break;
                case 12:
                    _link.Delay = TimeSpan.FromMilliseconds(choices.Byte());
                    break;
            }
        }

        public void End()
        {
            ReadAll();
            foreach (var stream in _streams)
            {
                stream.Finish();
            }

            Close(0);
            Close(1);
            _fates.Clear();
            _link.RunFor(TimeSpan.FromMinutes(3));
            foreach (var end in Ends())
            {
                FindingException.ThrowUnless(end.Fault is null, $"A callback threw: {end.Fault}");
                while (end.Accepted.TryDequeue(out var unheard))
                {
                    unheard.ApplicationReader.Complete();
                    unheard.ApplicationWriter.Complete();
                }

                FindingException.ThrowUnless(end.Core.IsClosed, "A connection has not ended three minutes after it was closed.");
            }

            FindingException.ThrowUnless(_link.ServerIds == 0, $"{_link.ServerIds} connection IDs are left.");
            FindingException.ThrowUnless(
                _clientPool.Rented == 0 && _serverPool.Rented == 0, $"{_clientPool.Rented} blocks of the client and {_serverPool.Rented} of the server are left.");
        }

        public void Dispose()
        {
            _link.Dispose();
            FindingException.ThrowUnless(ConnectionHandle.Live == 0, $"{ConnectionHandle.Live} native connections are left.");
        }

        private IEnumerable<CoreLink.End> Ends() => _link.Server is { } server ? [_link.Client, server, .. _link.Earlier] : [_link.Client];

        private void Close(byte choice)
        {
            var end = (choice & 1) == 0 ? _link.Client : _link.Server;
            if ((choice & 2) == 0)
            {
                end?.Core.RequestClose(choice, "enough");
            }
            else
            {
                end?.Core.Abandon(new ConnectionClosure(ConnectionCloseOrigin.Local, null, null, "the input says so"));
            }
        }

        private TestedStream? Stream(byte choice) => _streams.Count == 0 ? null : _streams[choice % _streams.Count];

        private void Write(byte choice, int length, bool byClient)
        {
            if (byClient && choice % MaxStreams >= _streams.Count && _streams.Count < MaxStreams && _link.Client.Core.TryOpenStream() is { } opened)
            {
                _streams.Add(new TestedStream(opened));
            }

            Stream(choice)?.Write(length, byClient);
        }

        private void ReadAll()
        {
            foreach (var server in Ends().Where(end => end != _link.Client))
            {
                while (server.Accepted.TryDequeue(out var accepted))
                {
                    accepted.Accept();
                    if (_streams.Find(stream => stream.Client.Id == accepted.Id) is { Server: null } known)
                    {
                        known.Server = accepted;
                    }
                    else
                    {
                        throw new FindingException($"Stream {accepted.Id} was accepted, which nobody opened, or which was accepted before.");
                    }
                }
            }

            foreach (var stream in _streams)
            {
                stream.Read();
            }
        }

        private IEnumerable<byte[]> OnWire(byte[] datagram)
        {
            if (_seen.Count < 64)
            {
                _seen.Add([.. datagram]);
            }

            IEnumerable<byte[]> arriving = [datagram];
            if (_fates.TryDequeue(out var fate))
            {
                switch (fate.Fate % 8)
                {
                    case 0:
                        return [];
                    case 1:
                        return [datagram, [.. datagram]];
                    case 2:
                        (_held, var before) = (datagram, _held);
                        return before is null ? [] : [before];
                    case 3 or 4 or 5:
                        arriving = [Alter(datagram, fate.Fate, fate.Argument)];
                        break;
                }
            }

            if (_held is { } held)
            {
                _held = null;
                arriving = [.. arriving, held];
            }

            return arriving;
        }

        private static byte[] Alter(byte[] datagram, byte how, byte argument)
        {
            var at = (int)((long)argument * datagram.Length / 256);
            return (how % 4) switch
            {
                0 => [.. datagram],
                1 => datagram[..at],
                2 => [.. datagram, .. Enumerable.Repeat(how, argument)],
                _ => [.. datagram[..at], (byte)(datagram[at] ^ (how | 1)), .. datagram[(at + 1)..]],
            };
        }

        private static IPEndPoint Address(byte choice)
            => new((choice & 0x80) == 0 ? new IPAddress([127, 0, 0, (byte)(1 + ((choice >> 4) & 3))]) : IPAddress.IPv6Loopback, 40_000 + (choice & 15));
    }

    /// <summary>A stream of the client's with both applications.</summary>
    private sealed class TestedStream(StreamCore client)
    {
        private readonly Side _toServer = new();
        private readonly Side _toClient = new();

        public StreamCore Client { get; } = client;

        public StreamCore? Server { get; set; }

        public void Write(int length, bool byClient)
        {
            var side = byClient ? _toServer : _toClient;
            if ((byClient ? Client : Server) is { } stream && !side.HasEnded && side.Written + length <= MaxWritten)
            {
                var bytes = new byte[length];
                for (var i = 0; i < length; i++)
                {
                    bytes[i] = At(side.Written + i, byClient);
                }

                side.Written += length;
                CoreLink.Write(stream, bytes);
            }
        }

        public void End(bool byClient)
        {
            var side = byClient ? _toServer : _toClient;
            if ((byClient ? Client : Server) is { } stream && !side.HasEnded)
            {
                side.HasEnded = true;
                CoreLink.Write(stream, [], end: true);
            }
        }

        public void Abort(byte choice)
        {
            if (((choice & 1) == 0 ? Client : Server) is not { } stream)
            {
                return;
            }

            var reason = new InvalidOperationException("The input says so.");
            if ((choice & 2) == 0)
            {
                stream.AbortRead(choice, reason);
            }
            else
            {
                stream.AbortWrite(choice, reason);
            }
        }

        public void Read()
        {
            Check(Server, _toServer, byClient: true);
            Check(Client, _toClient, byClient: false);
        }

        /// <summary>Both applications let go of it.</summary>
        public void Finish()
        {
            foreach (var stream in (StreamCore?[])[Client, Server])
            {
                stream?.ApplicationWriter.Complete();
                stream?.ApplicationReader.Complete();
                stream?.Wake();
            }
        }

        private static byte At(long offset, bool byClient) => (byte)((offset * 31) + (offset >> 8) + (byClient ? 0 : 101));

        private static void Check(StreamCore? reader, Side side, bool byClient)
        {
            if (reader is null)
            {
                return;
            }

            foreach (var next in CoreLink.Read(reader))
            {
                FindingException.ThrowUnless(
                    side.Read < side.Written && next == At(side.Read, byClient), $"Byte {side.Read} of stream {reader.Id} is not what was sent.");
                side.Read++;
            }
        }

        private sealed class Side
        {
            public long Written { get; set; }

            public long Read { get; set; }

            public bool HasEnded { get; set; }
        }
    }
}
