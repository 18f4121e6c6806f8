using System.IO.MemoryMappedFiles;

namespace QuicChat.Fuzz;

/// <summary>The input that a worker runs, in a file that outlives it, and how many it has run: where the process dies, whoever watches it reads both.</summary>
internal sealed class LastInput : IDisposable
{
    private const int MaxLength = 1 << 20;
    private const int LengthOffset = sizeof(long);
    private const int InputOffset = LengthOffset + sizeof(int);

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    public LastInput(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, InputOffset + MaxLength);
        _view = _file.CreateViewAccessor();
    }

    /// <summary>How many inputs were begun.</summary>
    public long Begun => _view.ReadInt64(0);

    /// <summary>The one that was begun last.</summary>
    public byte[] Input
    {
        get
        {
            var bytes = new byte[_view.ReadInt32(LengthOffset)];
            _view.ReadArray(InputOffset, bytes, 0, bytes.Length);
            return bytes;
        }
    }

    public void Clear()
    {
        _view.Write(0, 0L);
        _view.Write(LengthOffset, 0);
    }

    public void Begin(byte[] input)
    {
        _view.Write(LengthOffset, Math.Min(input.Length, MaxLength));
        _view.WriteArray(InputOffset, input, 0, Math.Min(input.Length, MaxLength));
        _view.Write(0, Begun + 1);
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
