using System.Buffers;
using System.Collections.Immutable;
using QuicChat.Abstractions.Rooms;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Fanout;

/// <summary>Who is in a room as frames.</summary>
internal static class PresenceFrames
{
    // Room for what is not a user: the count, the flag, the frame around it.
    private const int Budget = ProtocolLimits.MaxFrameBytes - 64;

    /// <summary>Encodes users that are there, or have come and gone, once for all members; as many frames as they need, at least one.</summary>
    public static ImmutableArray<ReadOnlyMemory<byte>> Encode(
        int count, bool isComplete, IEnumerable<RoomUser> joined, IEnumerable<RoomUser> left)
    {
        var frames = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        var presence = new Presence { Members = (uint)count, Complete = isComplete };
        var bytes = 0;
        foreach (var (user, isThere) in joined.Select(user => (user, true)).Concat(left.Select(user => (user, false))))
        {
            var member = new Member { UserId = user.UserId, UserName = user.UserName };
            var size = member.CalculateSize() + 4;
            if (bytes + size > Budget)
            {
                frames.Add(Write(presence));
                presence = new Presence { Members = (uint)count };
                bytes = 0;
            }

            bytes += size;
            (isThere ? presence.Joined : presence.Left).Add(member);
        }

        frames.Add(Write(presence));
        return frames.DrainToImmutable();
    }

    private static ReadOnlyMemory<byte> Write(Presence presence)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.Write(output, new ServerFrame { Presence = presence });
        return output.WrittenMemory;
    }
}
