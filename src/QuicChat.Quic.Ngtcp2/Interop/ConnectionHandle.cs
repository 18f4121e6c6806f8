using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QuicChat.Quic.Ngtcp2.Interop;

/// <summary>
/// Everything native that belongs to one connection: the ngtcp2 connection, its TLS session, the block that ties them together and the handle by
/// which callbacks find the managed object. They are released in the one order that is safe: connection, session, block, handle, credentials.
/// </summary>
internal sealed unsafe class ConnectionHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private static int _live;

    private CredentialsHandle _credentials;
    private bool _holdsCredentials;
    private readonly Block* _block;
    private GCHandle _owner;
    private byte* _host;
    private byte* _purpose;
    private Gnutls.TypedData* _conditions;

    private struct Block
    {
        public Ngtcp2.ConnectionReference Reference; // first: GnuTLS's session pointer is a pointer to it
        public nint Owner;
    }

    /// <param name="owner">What callbacks are for.</param>
    /// <param name="credentials">The end point's credentials.</param>
    /// <param name="sessionFlags">Flags of gnutls_init.</param>
    public ConnectionHandle(object owner, CredentialsHandle credentials, uint sessionFlags)
        : base(ownsHandle: true)
    {
        _credentials = credentials;
        credentials.DangerousAddRef(ref _holdsCredentials);
        Interlocked.Increment(ref _live);
        try
        {
            _owner = GCHandle.Alloc(owner);
            _block = (Block*)NativeMemory.AllocZeroed((nuint)sizeof(Block));
            _block->Reference.GetConnection = &GetConnection;
            _block->Owner = GCHandle.ToIntPtr(_owner);
            nint session;
            Gnutls.Check(Gnutls.Init(&session, sessionFlags), "A TLS session cannot be made");
            Session = session;
            Gnutls.SessionSetPointer(session, &_block->Reference);
            Gnutls.Check(Gnutls.PrioritySet(session, PriorityCache.Value), "The TLS priorities cannot be set");
            Gnutls.Check(
                Gnutls.CredentialsSet(session, Gnutls.CredentialsCertificate, credentials.DangerousGetHandle()),
                "The TLS credentials cannot be set");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>How many connections hold native resources now.</summary>
    public static int Live => Volatile.Read(ref _live);

    /// <summary>The TLS session; 0 where there is none any more.</summary>
    public nint Session { get; private set; }

    /// <summary>The <c>user_data</c> of callbacks.</summary>
    public void* UserData => (void*)_block->Owner;

    /// <summary>Takes over a new ngtcp2 connection.</summary>
    public void Attach(nint connection)
    {
        SetHandle(connection);
        _block->Reference.Connection = connection;
        Ngtcp2.SetTlsNativeHandle(connection, Session);
    }

    /// <summary>
    /// Gives the TLS session back before the connection ends: some 10 KiB. Nothing may go to TLS afterwards; ngtcp2 has the keys, and changes them, by itself. Not
    /// from within a callback.
    /// </summary>
    public void ReleaseSession()
    {
        Ngtcp2.SetTlsNativeHandle(handle, 0);
        Gnutls.Deinit(Session);
        Session = 0;
    }

    /// <summary>Gives the TLS session other credentials, before it needs any.</summary>
    public void UseCredentials(CredentialsHandle credentials)
    {
        var holds = false;
        credentials.DangerousAddRef(ref holds);
        _credentials.DangerousRelease();
        _credentials = credentials;
        Gnutls.Check(
            Gnutls.CredentialsSet(Session, Gnutls.CredentialsCertificate, credentials.DangerousGetHandle()),
            "The TLS credentials cannot be set");
    }

    /// <summary>Has the peer's certificates verified: for a host, and for servers.</summary>
    public void VerifyServer(string host)
    {
        // GnuTLS reads all of it when the certificates come.
        _host = (byte*)Marshal.StringToCoTaskMemUTF8(host);
        _purpose = (byte*)Marshal.StringToCoTaskMemUTF8(Gnutls.ServerPurpose);
        _conditions = (Gnutls.TypedData*)NativeMemory.AllocZeroed(2, (nuint)sizeof(Gnutls.TypedData));
        _conditions[0] = new Gnutls.TypedData { Type = Gnutls.DataDnsHostName, Data = _host };
        _conditions[1] = new Gnutls.TypedData { Type = Gnutls.DataKeyPurposeOid, Data = _purpose };
        Gnutls.SessionSetVerifyCertificate(Session, _conditions, 2, 0);
    }

    /// <summary>The object that a callback's <c>user_data</c> stands for.</summary>
    public static T Owner<T>(void* userData)
        where T : class => (T)GCHandle.FromIntPtr((nint)userData).Target!;

    /// <summary>The object that a TLS session belongs to.</summary>
    public static T OwnerOfSession<T>(nint session)
        where T : class => Owner<T>((void*)((Block*)Gnutls.SessionGetPointer(session))->Owner);

    // What failed to start has to be released too, with or without a session and a connection.
    public override bool IsInvalid => !_holdsCredentials;

    protected override bool ReleaseHandle()
    {
        if (handle != 0)
        {
            Ngtcp2.Delete(handle);
        }

        if (Session != 0)
        {
            Gnutls.Deinit(Session);
            Session = 0;
        }

        NativeMemory.Free(_block);
        NativeMemory.Free(_conditions);
        Marshal.FreeCoTaskMem((nint)_host);
        Marshal.FreeCoTaskMem((nint)_purpose);
        if (_owner.IsAllocated)
        {
            _owner.Free();
        }

        _credentials.DangerousRelease();
        _holdsCredentials = false;
        Interlocked.Decrement(ref _live);
        return true;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static nint GetConnection(Ngtcp2.ConnectionReference* reference) => reference->Connection;
}
