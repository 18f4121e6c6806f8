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
        Assert.All(imports, AssertExported);
    }

    // Those of the engine by their versions, as the engine loads them: their plain names are there only where their headers are installed.
    private static unsafe void AssertExported(LibraryImportAttribute import)
    {
        if (import.LibraryName is NativeLibraries.Ngtcp2 or NativeLibraries.Ngtcp2CryptoGnutls or NativeLibraries.Gnutls)
        {
            NativeLibraries.Export(import.LibraryName, import.EntryPoint!);
        }
        else
        {
            NativeLibrary.GetExport(NativeLibrary.Load(import.LibraryName, typeof(Native).Assembly, null), import.EntryPoint!);
        }
    }
}
