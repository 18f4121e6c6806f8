using System.Runtime.InteropServices;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Interop;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

/// <summary>Tests that look at what the process as a whole holds, or that need all of it; nothing else runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeProcess
{
    public const string Name = "Whole process";
}

/// <summary>What the process holds, once every connection has ended.</summary>
internal sealed record Holdings(int Connections, int ClientBlocks, int Descriptors, int DriverThreads, long NativeBytes)
{
    public static async Task<Holdings> TakeAsync()
    {
        await ClientLoop.Ended.Within("all clients to end");
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return new Holdings(
            ConnectionHandle.Live,
            ClientLoop.Pool.Rented,
            new DirectoryInfo("/proc/self/fd").GetFiles().Count(IsOfEngine),
            Directory.GetDirectories("/proc/self/task").Count(IsDriver),
            MallocInfo.InUse);
    }

    // Not the files of assemblies, which the runtime opens when it needs them.
    private static bool IsOfEngine(FileInfo descriptor)
        => descriptor.LinkTarget is { } target && (target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("anon_inode:", StringComparison.Ordinal));

    private static bool IsDriver(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("quic", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // The thread has ended since it was listed.
            return false;
        }
    }
}

internal static unsafe partial class MallocInfo
{
    /// <summary>Bytes that are allocated by malloc and not freed; not those of the garbage collector.</summary>
    public static long InUse
    {
        get
        {
            var info = Get();
            return (long)(info.InUse + info.Mapped);
        }
    }

    // struct mallinfo2 of malloc.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct Mallinfo2
    {
        public nuint Arena;
        public nuint FreeChunks;
        public nuint FastChunks;
        public nuint MappedRegions;
        public nuint Mapped;
        public nuint Unused;
        public nuint FastFree;
        public nuint InUse;
        public nuint Free;
        public nuint Releasable;
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial Mallinfo2 Get();
}
