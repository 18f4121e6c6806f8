using System.Runtime.InteropServices;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Native memory for receiving several datagrams in one system call; one a driver thread.</summary>
internal sealed unsafe class ReceiveBatch : IDisposable
{
    public const int DatagramSize = ConnectionCore.MaxDatagramSize;

    public const int Count = 32;

    // Room for a destination address and a traffic class, of either family.
    private const int ControlSize = 128;

    private readonly byte* _data;
    private readonly byte* _control;
    private readonly Libc.SockAddr* _names;
    private readonly Libc.IoVector* _vectors;

    public ReceiveBatch()
    {
        Messages = (Libc.MultipleMessageHeader*)NativeMemory.AllocZeroed(Count, (nuint)sizeof(Libc.MultipleMessageHeader));
        _data = (byte*)NativeMemory.Alloc(Count, DatagramSize);
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
            _vectors[i] = new Libc.IoVector { Base = _data + (i * DatagramSize), Length = DatagramSize };
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

    public ReadOnlySpan<byte> Datagram(int index) => new(_data + (index * DatagramSize), (int)Messages[index].Length);

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
