using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace QuicChat.Quic.Paths;

/// <summary>
/// The stable identity of a connection: 16 bytes, 4 of gateway server ID and 12 of nonce, written as 32 hex digits.
/// It is fixed when a connection is accepted and never reused. Wire connection IDs (RFC 9000, section 5.1) rotate;
/// this one does not. It routes, and is never a credential.
/// </summary>
public readonly struct ConnectionId : IEquatable<ConnectionId>, IParsable<ConnectionId>
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 16;

    /// <summary>Length of the server ID, the leading part, in bytes.</summary>
    public const int ServerIdLength = 4;

    private readonly UInt128 _value;

    private ConnectionId(UInt128 value) => _value = value;

    /// <summary>The ID of the gateway that accepted the connection.</summary>
    public uint ServerId => (uint)(_value >> 96);

    /// <summary>Makes a new ID of <paramref name="serverId"/> with a random nonce.</summary>
    public static ConnectionId Create(uint serverId)
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, serverId);
        RandomNumberGenerator.Fill(bytes[ServerIdLength..]);
        return Read(bytes);
    }

    /// <summary>Reads an ID from its 16 bytes.</summary>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 16 bytes long.</exception>
    public static ConnectionId Read(ReadOnlySpan<byte> bytes)
        => bytes.Length == Length
            ? new ConnectionId(BinaryPrimitives.ReadUInt128BigEndian(bytes))
            : throw new ArgumentException($"A connection ID is {Length} bytes long, not {bytes.Length}.", nameof(bytes));

    /// <summary>Writes the ID's 16 bytes to the start of <paramref name="destination"/>.</summary>
    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, _value);

    /// <inheritdoc />
    public static ConnectionId Parse(string s, IFormatProvider? provider = null)
        => TryParse(s, provider, out var id)
            ? id
            : throw new FormatException($"'{s}' is not a connection ID: it has {2 * Length} hex digits.");

    /// <inheritdoc />
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ConnectionId result)
    {
        Span<byte> bytes = stackalloc byte[Length];
        if (s is { Length: 2 * Length }
            && Convert.FromHexString(s, bytes, out _, out _) == System.Buffers.OperationStatus.Done)
        {
            result = Read(bytes);
            return true;
        }

        result = default;
        return false;
    }

    /// <summary>The ID as 32 lower-case hex digits.</summary>
    public override string ToString() => _value.ToString("x32");

    /// <inheritdoc />
    public bool Equals(ConnectionId other) => _value == other._value;

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is ConnectionId other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => _value.GetHashCode();

    /// <summary>Whether both IDs are the same.</summary>
    public static bool operator ==(ConnectionId left, ConnectionId right) => left.Equals(right);

    /// <summary>Whether the IDs differ.</summary>
    public static bool operator !=(ConnectionId left, ConnectionId right) => !left.Equals(right);
}
