using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// Memory that the garbage collector never moves, in blocks of 4 KiB. ngtcp2 keeps pointers into what it sends until the peer has acknowledged it, so a
/// stream's pipe is made of these blocks, and gives one back only when its bytes are acknowledged.
/// </summary>
internal sealed class PinnedBlockPool : MemoryPool<byte>
{
    private const int BlockSize = 4096;

    // What idle connections give back is kept for the next burst, up to this many blocks (16 MiB).
    private const int MaxIdleBlocks = 4096;

    // Unsent bytes at which the application's flush waits: enough to fill a path of 100 Mbit/s and 20 ms.
    private const int SendBufferLimit = 256 * 1024;

    private readonly ConcurrentQueue<Block> _idle = new();
    private int _rented;
    private int _idleCount;

    public PinnedBlockPool()
    {
        ReceiveOptions = new PipeOptions(this, readerScheduler: PipeScheduler.ThreadPool, pauseWriterThreshold: 0, useSynchronizationContext: false);
        SendOptions = new PipeOptions(
            this,
            writerScheduler: PipeScheduler.ThreadPool,
            pauseWriterThreshold: SendBufferLimit,
            resumeWriterThreshold: SendBufferLimit / 2,
            useSynchronizationContext: false);
    }

    /// <summary>Of the pipes of this memory that hold what streams receive; flow control bounds them.</summary>
    public PipeOptions ReceiveOptions { get; }

    /// <summary>Of the pipes of this memory that hold what streams send.</summary>
    public PipeOptions SendOptions { get; }

    /// <summary>Larger blocks are made too: a pipe would otherwise take them from a pool of memory that moves.</summary>
    public override int MaxBufferSize => Array.MaxLength;

    /// <summary>Blocks in use.</summary>
    public int Rented => Volatile.Read(ref _rented);

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        Interlocked.Increment(ref _rented);
        if (minBufferSize > BlockSize)
        {
            return new Block(this, minBufferSize);
        }

        if (_idle.TryDequeue(out var block))
        {
            Interlocked.Decrement(ref _idleCount);
            block.Revive();
            return block;
        }

        return new Block(this, BlockSize);
    }

    protected override void Dispose(bool disposing)
    {
    }

    private void Return(Block block)
    {
        Interlocked.Decrement(ref _rented);
        if (block.Memory.Length == BlockSize && Interlocked.Increment(ref _idleCount) <= MaxIdleBlocks)
        {
            _idle.Enqueue(block);
        }
        else if (block.Memory.Length == BlockSize)
        {
            Interlocked.Decrement(ref _idleCount);
        }
    }

    private sealed class Block(PinnedBlockPool pool, int size) : IMemoryOwner<byte>
    {
        private int _returned;

        public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(size, pinned: true);

        public void Revive() => Volatile.Write(ref _returned, 0);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _returned, 1) == 0)
            {
                pool.Return(this);
            }
        }
    }
}
