using System.Net;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Paths;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Fuzz.Targets;

/// <summary>Tokens that prove a client's address: none does but those that were made, for the client that they were made for, while they are fresh.</summary>
internal sealed unsafe class AddressTokenTarget : IFuzzTarget
{
    // Of a Retry packet (RFC 9000, section 17.2.5): what stands before its first connection ID, and after its token.
    private const int FixedLength = 5;
    private const int IntegrityTagLength = 16;

    private static readonly UdpAddress Client = Address("192.0.2.1", 1000);
    private static readonly Instant Made = new(TimeSpan.FromHours(1), DateTimeOffset.UnixEpoch.AddYears(60));

    private readonly AddressTokens _tokens = new();
    private readonly Native.Cid _originalId = Native.Cid.From(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 });
    private readonly Native.Cid _retryId = Native.Cid.From(new byte[] { 8, 7, 6, 5, 4, 3, 2, 1, 0 });
    private readonly byte[] _retry;
    private readonly byte[] _regular;

    public AddressTokenTarget()
    {
        var initial = new Native.PacketHeader { Version = Native.ProtocolVersion1, Dcid = _originalId, Scid = _originalId };
        var packet = new byte[Native.MaxUdpPayloadSize];
        var length = _tokens.WriteRetry(packet, initial, Client, _retryId.Bytes, Made);
        var ids = 1 + packet[FixedLength];
        ids += 1 + packet[FixedLength + ids];
        _retry = packet[(FixedLength + ids)..(length - IntegrityTagLength)];
        var token = new byte[Native.MaxRegularTokenLength];
        _regular = token[.._tokens.WriteNewToken(token, Client, Made)];
    }

    public IEnumerable<byte[]> Seeds => [[0, 0, 0, 0, .. _retry], [0, 0, 0, 0, .. _regular], [1], [2], [1, 1], [2, 1], [1, 0, 1], [2, 0, 3], [1, 0, 0, 1], [1, 0, 0, 0, 40, 0, 3]];

    public void Run(ReadOnlySpan<byte> input)
    {
        var choices = new FuzzInput(input);
        var kind = choices.Below(3);
        var client = choices.Below(3) switch { 0 => Client, 1 => Address("192.0.2.1", 1001), _ => Address("192.0.2.2", 1000) };
        TimeSpan[] ages = [TimeSpan.Zero, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(11), TimeSpan.FromHours(23), TimeSpan.FromHours(25)];
        var age = ages[choices.Below(ages.Length)];
        var id = (choices.Byte() & 1) == 0 ? _retryId : _originalId;
        var token = kind switch { 0 => choices.Rest().ToArray(), 1 => choices.Edit(_retry), _ => choices.Edit(_regular) };
        AddressProof proof;
        fixed (byte* bytes = token)
        {
            var header = new Native.PacketHeader
            {
                Version = Native.ProtocolVersion1,
                Dcid = id,
                Scid = _originalId,
                Token = bytes,
                TokenLength = (nuint)token.Length,
            };
            proof = _tokens.Check(header, client, new Instant(Made.Elapsed + age, Made.Time + age));
        }

        var isRetry = token.AsSpan().SequenceEqual(_retry) && client == Client && age < AddressTokens.RetryLifetime && id.Bytes.SequenceEqual(_retryId.Bytes);
        var isRegular = token.AsSpan().SequenceEqual(_regular) && client.WithPort(0) == Client.WithPort(0) && age < AddressTokens.NewTokenLifetime;
        FindingException.ThrowUnless(
            isRetry == (proof.Kind == AddressProofKind.Retry) && isRegular == (proof.Kind == AddressProofKind.NewToken),
            $"Of {token.Length} bytes after {age} from {client} the proof is {proof.Kind}.");
        FindingException.ThrowUnless(!isRetry || proof.OriginalDcid.Bytes.SequenceEqual(_originalId.Bytes), "The first packet's connection ID is another.");
    }

    public void Dispose()
    {
    }

    private static UdpAddress Address(string address, int port) => UdpAddress.From(new IPEndPoint(IPAddress.Parse(address), port));
}
