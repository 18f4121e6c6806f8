using System.Runtime.InteropServices;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Native memory for receiving several datagrams in one system call; one a driver thread.</summary>
internal sealed unsafe class ReceiveBatch : IDisposable
{
    /// <summary>Messages that are received at once; each is a datagram, or several of one size that came together.</summary>
    public const int Count = 16;

    // The most that the system puts together (generic receive offload). What of it is never written to takes no memory.
    private const int MessageSize = 64 * 1024;

    // Room for a destination address and a traffic class, of either family.
    private const int ControlSize = 128;

    private readonly byte* _data;
    private readonly byte* _control;
    private readonly Libc.SockAddr* _names;
    private readonly Libc.IoVector* _vectors;

    public ReceiveBatch()
    {
        Messages = (Libc.MultipleMessageHeader*)NativeMemory.AllocZeroed(Count, (nuint)sizeof(Libc.MultipleMessageHeader));
        _data = (byte*)NativeMemory.Alloc(Count, MessageSize);
        _control = (byte*)NativeMemory.AllocZeroed(Count, ControlSize);
        _names = (Libc.SockAddr*)NativeMemory.AllocZeroed(Count, (nuint)sizeof(Libc.SockAddr));
        _vectors = (Libc.IoVector*)NativeMemory.AllocZeroed(Count, (nuint)sizeof(Libc.IoVector));
    }

    public Libc.MultipleMessageHeader* Messages { get; }

    /// <summary>Makes all messages ready to be filled.</summary>
    public void Prepare()
    {
        for (var i = 0; i < Count; i++)
        {
            _vectors[i] = new Libc.IoVector { Base = _data + (i * MessageSize), Length = MessageSize };
            Messages[i].Length = 0;
            Messages[i].Header = new Libc.MessageHeader
            {
                Name = _names + i,
                NameLength = (uint)sizeof(Libc.SockAddr),
                Vectors = _vectors + i,
                VectorCount = 1,
                Control = _control + (i * ControlSize),
                ControlLength = ControlSize,
            };
        }
    }

    /// <summary>What a message holds: a datagram, or several.</summary>
    public ReadOnlySpan<byte> Data(int index) => new(_data + (index * MessageSize), (int)Messages[index].Length);

    public ref Libc.SockAddr Name(int index) => ref _names[index];

    public void Dispose()
    {
        NativeMemory.Free(Messages);
        NativeMemory.Free(_data);
        NativeMemory.Free(_control);
        NativeMemory.Free(_names);
        NativeMemory.Free(_vectors);
    }
}
