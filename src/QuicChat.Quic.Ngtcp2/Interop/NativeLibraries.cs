using System.Reflection;
using System.Runtime.InteropServices;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.Ngtcp2.Interop;

/// <summary>Finds the native libraries, and says what to install where one is missing.</summary>
internal static class NativeLibraries
{
    public const string Ngtcp2 = "ngtcp2";
    public const string Ngtcp2CryptoGnutls = "ngtcp2_crypto_gnutls";
    public const string Gnutls = "gnutls";

    // Sonames carry the binary interface's version, so that another interface is never loaded by mistake.
    private static readonly (string Name, string Soname, string Package)[] Libraries =
    [
        (Gnutls, "libgnutls.so.30", "libgnutls30"),
        (Ngtcp2, "libngtcp2.so.16", "libngtcp2-16"),
        (Ngtcp2CryptoGnutls, "libngtcp2_crypto_gnutls.so.8", "libngtcp2-crypto-gnutls8"),
    ];

    private static readonly Lazy<LoadResult> Loaded = new(Load);

    private sealed record LoadResult(Dictionary<string, nint> Handles, string? Problem, string? Version = null);

    /// <summary>Why the engine cannot run here, naming what to install; <see langword="null"/> where it can.</summary>
    public static string? Problem => Loaded.Value.Problem;

    /// <summary>What libngtcp2 calls its version; <see langword="null"/> where the engine cannot run here.</summary>
    public static string? Version => Loaded.Value.Version;

    /// <exception cref="QuicEngineUnavailableException">A library is missing or too old.</exception>
    public static void EnsureLoaded()
    {
        if (Problem is { } problem)
        {
            throw new QuicEngineUnavailableException(problem);
        }
    }

    /// <summary>The address of an exported function, for callback tables.</summary>
    public static unsafe void* Export(string library, string function) => (void*)NativeLibrary.GetExport(Loaded.Value.Handles[library], function);

    private static unsafe LoadResult Load()
    {
        var handles = new Dictionary<string, nint>();
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
        {
            return new(handles, "The ngtcp2 engine runs on 64-bit Linux only.");
        }

        List<string> missing = [];
        foreach (var (name, soname, package) in Libraries)
        {
            if (NativeLibrary.TryLoad(soname, out var handle))
            {
                handles[name] = handle;
            }
            else
            {
                missing.Add($"{soname} (Debian package {package})");
            }
        }

        if (missing.Count > 0)
        {
            return new(
                handles,
                $"The ngtcp2 engine needs {string.Join(" and ", missing)}. Install with: apt-get install libngtcp2-16 libngtcp2-crypto-gnutls8 "
                + "(Debian 13 or newer; on Debian 12 add -t bookworm-backports).");
        }

        NativeLibrary.SetDllImportResolver(
            Assembly.GetExecutingAssembly(), (name, _, _) => handles.TryGetValue(name, out var handle) ? handle : 0);
        var info = Interop.Ngtcp2.Version(0);
        var version = Marshal.PtrToStringUTF8((nint)info->VersionText);
        return info->VersionNumber >= Interop.Ngtcp2.OldestVersion
            ? new(handles, null, version)
            : new(handles, $"The ngtcp2 engine needs libngtcp2 1.11.0 or newer; {version} is installed. Upgrade the package libngtcp2-16.");
    }
}
