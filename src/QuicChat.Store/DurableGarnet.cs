using System.Net;
using System.Numerics;
using Garnet;
using Garnet.server;
using Microsoft.Extensions.Logging;
using Tsavorite.core;

namespace QuicChat.Store;

/// <summary>A Garnet server set up so that what it has acknowledged outlives it.</summary>
internal sealed class DurableGarnet : GarnetServer
{
    private DurableGarnet(GarnetServerOptions options, ILoggerFactory loggers, GatedListener listener)
        : base(options, loggers, [listener])
        => listener.BeforeListening = TakeCheckpoint;

    public static DurableGarnet Create(DirectoryInfo directory, IPEndPoint endPoint, ILoggerFactory loggers)
    {
        var options = new GarnetServerOptions(loggers.CreateLogger("Garnet.Options"))
        {
            EndPoints = [endPoint],
            QuietMode = true,
            CheckpointDir = directory.FullName,
            LogDir = directory.FullName,
            DeviceFactoryCreator = new LocalStorageNamedDeviceFactoryCreator(
                deviceType: DeviceType.RandomAccess, logger: loggers.CreateLogger("Garnet.Device")),
            // The default device of Linux needs libaio, which is not everywhere; this one is plain reads and writes of the runtime.
            DeviceType = DeviceType.RandomAccess,

            // An answer means: it is in the append-only file.
            EnableAOF = true,
            WaitForCommit = true,
            // A connection that waits for its commit blocks a thread, and the commit needs one more; beyond its minimum the pool adds but one or two a second.
            ThreadPoolMinThreads = 256,
            Recover = true,
            // Better no store than one that has silently lost what it held.
            FailOnRecoveryError = true,
            // Recovery replays the file since the last checkpoint; this bounds the file and with it the time to start.
            AofSizeLimit = "64m",

            // Scripts see and leave the store as if nothing else ran.
            EnableLua = true,
            LuaTransactionMode = true,
            LuaOptions = new LuaOptions(
                LuaMemoryManagementMode.Native, "", Timeout.InfiniteTimeSpan, LuaLoggingMode.Disable, [],
                loggers.CreateLogger("Garnet.Lua")),

            // Beyond this much, records go to disk and are read from there; without a storage tier they would be gone. It is set so high because what goes to
            // disk while it is written to can bring the process down ("Collection was modified").
            EnableStorageTier = true,
            LogMemorySize = $"{MostMemory()}m",
            PageSize = "4m",

            // Lists that reach beyond a segment of this log cannot be read back from a checkpoint. Files grow as they are written; this is no more than a name.
            ObjectLogSegmentSize = "16g",
            SegmentSize = "1g",
            IndexMemorySize = "8m",
            AofMemorySize = "32m",
            AofPageSize = "8m",
            AofSegmentSize = "64m",
            MaxDatabases = 1,
        };
        return new DurableGarnet(options, loggers, new GatedListener(endPoint, loggers.CreateLogger("Garnet.Listener")));
    }

    // Half of the machine's, in MiB; a power of two, since others are rounded down to one.
    private static uint MostMemory()
    {
        var half = (ulong)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2 / 1024 / 1024;
        return Math.Max(512, (uint)(BitOperations.RoundUpToPowerOf2(half + 1) / 2));
    }

    // A checkpoint after each recovery: without it, a second crash replays the append-only file onto a checkpoint that it no longer belongs to.
    private void TakeCheckpoint()
    {
        var status = storeWrapper.TakeCheckpointAsync(false, -1, CancellationToken.None, null).GetAwaiter().GetResult();
        if (status != CheckpointStatus.Success)
        {
            throw new StoreException($"The checkpoint after recovery ended with {status}; see the log above.");
        }
    }
}
