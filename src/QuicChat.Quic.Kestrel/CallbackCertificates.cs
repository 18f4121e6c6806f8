using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Certificates;

namespace QuicChat.Quic.Kestrel;

/// <summary>Chooses the certificate of each connection as Kestrel was told to.</summary>
internal sealed class CallbackCertificates(TlsConnectionCallbackOptions tls)
{
    // Exporting a key takes longer than a handshake. A certificate that the application lets go is let go here.
    private readonly ConditionalWeakTable<X509Certificate2, PemCertificate> _known = [];

    /// <exception cref="CertificateException">There is none, or it cannot be used; the message says what to do.</exception>
    /// <exception cref="NotSupportedException">The application asks for what this engine cannot do.</exception>
    public async ValueTask<PemCertificate> ChooseAsync(
        string serverName, MultiplexedConnectionContext connection, CancellationToken cancellationToken)
    {
        var options = await tls.OnConnection(
            new TlsConnectionCallbackContext
            {
                ClientHelloInfo = new SslClientHelloInfo(serverName, SslProtocols.Tls13),
                State = tls.OnConnectionState,
                Connection = KestrelConnection.Of(connection),
            },
            cancellationToken).ConfigureAwait(false);
        if (options.ClientCertificateRequired)
        {
            throw new NotSupportedException(
                "The ngtcp2 engine does not ask clients for certificates. Set ClientCertificateMode to NoCertificate for this end point, "
                + "or leave HTTP/3 out of its protocols.");
        }

        return options switch
        {
            { ServerCertificateContext: { } context } => From(context.TargetCertificate, context.IntermediateCertificates),
            { ServerCertificate: { } certificate } => From(certificate, []),
            { ServerCertificateSelectionCallback: { } select } => From(select(this, serverName), []),
            _ => throw new CertificateException(
                "Kestrel was given no certificate for this end point. Name one with UseHttps, or in the configuration under "
                + "Kestrel:Certificates:Default."),
        };
    }

    private PemCertificate From(X509Certificate? certificate, IEnumerable<X509Certificate2> issuers) => certificate switch
    {
        X509Certificate2 usable => _known.GetValue(usable, key => PemCertificate.From(key, issuers)),
        null => throw new CertificateException("The application's certificate selector returned none."),
        _ => throw new CertificateException(
            $"The certificate of '{certificate.Subject}' has no private key: give Kestrel an X509Certificate2 that has."),
    };
}
