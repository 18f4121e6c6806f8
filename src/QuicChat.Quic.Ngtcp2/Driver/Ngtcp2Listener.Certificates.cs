using System.Runtime.CompilerServices;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Driver;

// Choosing the certificate that each client is shown.
internal sealed partial class Ngtcp2Listener
{
    private readonly CertificateSelector? _certificates;
    private long _certificateProblemTold = long.MinValue / 2;

    // A handle is as long here as its certificate is somewhere.
    private readonly ConditionalWeakTable<PemCertificate, CredentialsHandle> _credentials = [];

    private async Task ChooseCertificateAsync(ConnectionCore core, Ngtcp2ConnectionContext context, string serverName)
    {
        try
        {
            // The application's code must not run on the thread of all connections.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            var certificate = await _certificates!(serverName, context, context.ConnectionClosed).ConfigureAwait(false);
            core.Continue(_credentials.GetValue(certificate, CredentialsHandle.ForServer));
        }
        catch (OperationCanceledException) when (context.ConnectionClosed.IsCancellationRequested)
        {
            // The client has gone away meanwhile.
        }
        catch (Exception e)
        {
            LogCertificateUnavailable(core, serverName, e);
            core.Decline("the server has no certificate for this name");
        }
    }

    // Anyone can ask for names that are not there, as often as they like: one a second is told.
    private void LogCertificateUnavailable(ConnectionCore core, string serverName, Exception exception)
    {
        var now = Environment.TickCount64;
        var told = Interlocked.Read(ref _certificateProblemTold);
        if (now - told >= 1_000 && Interlocked.CompareExchange(ref _certificateProblemTold, now, told) == told)
        {
            EngineLog.CertificateUnavailable(_logger, core.Id, serverName, exception);
        }
    }
}
