using System.Reflection;
using System.Runtime.InteropServices;
using QuicChat.Quic.Ngtcp2.Interop;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests.Interop;

public sealed class ImportTests
{
    [Fact]
    public void Every_imported_function_is_exported_by_its_library()
    {
        NativeLibraries.EnsureLoaded();
        var imports = new[] { typeof(Native), typeof(Gnutls), typeof(Libc) }
            .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Select(m => m.GetCustomAttribute<LibraryImportAttribute>())
            .OfType<LibraryImportAttribute>()
            .ToArray();

        Assert.True(imports.Length > 60, $"Only {imports.Length} imports were found.");
        Assert.All(imports, import => NativeLibrary.GetExport(Handle(import.LibraryName), import.EntryPoint!));
    }

    private static nint Handle(string library)
        => NativeLibrary.Load(library, typeof(Native).Assembly, null) is var handle and not 0
            ? handle
            : throw new DllNotFoundException($"{library} cannot be loaded.");
}
