using System.Buffers;
using System.Collections.Concurrent;

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

    private readonly ConcurrentQueue<Block> _idle = new();
    private int _rented;
    private int _idleCount;

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
