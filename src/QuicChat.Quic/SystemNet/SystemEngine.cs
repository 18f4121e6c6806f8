using System.Net.Quic;
using System.Runtime.Versioning;

namespace QuicChat.Quic.SystemNet;

/// <summary>Whether System.Net.Quic can run here.</summary>
public static class SystemEngine
{
    /// <summary>Whether it can: the system has it, and on Linux and macOS libmsquic is installed.</summary>
    [SupportedOSPlatformGuard("windows")]
    [SupportedOSPlatformGuard("linux")]
    [SupportedOSPlatformGuard("macos")]
    public static bool IsSupported
        => (OperatingSystem.IsWindows() || OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
            && QuicListener.IsSupported && QuicConnection.IsSupported;

    /// <summary>What is missing where it cannot, and how to install it.</summary>
    public static string Requirement => OperatingSystem.IsWindows()
        ? "The system engine (System.Net.Quic) needs Windows 11, Windows Server 2022 or newer."
        : OperatingSystem.IsMacOS()
            ? "The system engine (System.Net.Quic) needs libmsquic. Install with: brew install libmsquic."
            : "The system engine (System.Net.Quic) needs libmsquic 2.2 or newer (libmsquic.so.2). Install with: apt-get install libmsquic "
                + "(from packages.microsoft.com; Debian has no package), or name a folder that has it in LD_LIBRARY_PATH.";
}
