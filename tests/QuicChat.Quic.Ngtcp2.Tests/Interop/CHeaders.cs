using System.ComponentModel;
using System.Diagnostics;
using QuicChat.Quic.Conformance.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Interop;

/// <summary>The C compiler of this system, and the headers that the declarations must agree with.</summary>
internal static class CHeaders
{
    private const string Includes = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <errno.h>
        #include <time.h>
        #include <netinet/in.h>
        #include <netinet/udp.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/socket.h>
        #include <gnutls/gnutls.h>
        #include <ngtcp2/ngtcp2.h>
        #include <ngtcp2/ngtcp2_crypto.h>

        """;

    /// <summary>Compiles assertions; skips the test where that is not possible here.</summary>
    public static async Task AssertAsync(IEnumerable<string> assertions)
    {
        if (await CompileAsync(Includes) is { } problem)
        {
            Assert.Skip($"Needs a C compiler and the packages libngtcp2-dev, libngtcp2-crypto-gnutls-dev and libgnutls28-dev: {problem}");
        }

        Assert.Null(await CompileAsync(Includes + string.Join('\n', assertions) + '\n'));
    }

    private static async Task<string?> CompileAsync(string source)
    {
        Process? compiler;
        try
        {
            compiler = Process.Start(new ProcessStartInfo("cc", ["-x", "c", "-std=c11", "-fsyntax-only", "-"])
            {
                RedirectStandardInput = true,
                RedirectStandardError = true,
            });
        }
        catch (Win32Exception e)
        {
            return e.Message;
        }

        using (compiler)
        {
            var errors = compiler!.StandardError.ReadToEndAsync();
            await compiler.StandardInput.WriteAsync(source);
            compiler.StandardInput.Close();
            await compiler.WaitForExitAsync().Within("the C compiler");
            return compiler.ExitCode == 0 ? null : await errors;
        }
    }
}
