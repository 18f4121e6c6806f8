using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>A path in ngtcp2's form; it holds pointers into itself once <see cref="Pointer"/> was called, so it stays where it is.</summary>
internal unsafe struct NativePath
{
    private Interop.Ngtcp2.PathStorage _storage;

    public NativePath(FourTuple path)
    {
        _storage.LocalBuffer = path.Local.ToNative();
        _storage.RemoteBuffer = path.Remote.ToNative();
        _storage.Path.Local.Length = path.Local.NativeLength;
        _storage.Path.Remote.Length = path.Remote.NativeLength;
    }

    /// <summary>The pointer that ngtcp2 takes; an empty path becomes one with room to be filled.</summary>
    public Interop.Ngtcp2.Path* Pointer(NativePath* self)
    {
        self->_storage.Path.Local.SockAddr = &self->_storage.LocalBuffer;
        self->_storage.Path.Remote.SockAddr = &self->_storage.RemoteBuffer;
        return &self->_storage.Path;
    }

    /// <summary>What ngtcp2 wrote.</summary>
    public readonly FourTuple Read() => new(UdpAddress.From(_storage.LocalBuffer), UdpAddress.From(_storage.RemoteBuffer));

    /// <summary>Reads a path that ngtcp2 owns.</summary>
    public static FourTuple Read(Interop.Ngtcp2.Path* path)
        => new(UdpAddress.From(*(Libc.SockAddr*)path->Local.SockAddr), UdpAddress.From(*(Libc.SockAddr*)path->Remote.SockAddr));
}
