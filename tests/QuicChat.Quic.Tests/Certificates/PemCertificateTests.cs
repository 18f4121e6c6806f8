using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QuicChat.Quic.Certificates;
using Xunit;

namespace QuicChat.Quic.Tests.Certificates;

/// <summary>What cannot be used is one line that names the file, says why, and what to do.</summary>
public sealed class PemCertificateTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2031, 5, 17, 8, 30, 0, TimeSpan.Zero);

    private readonly string _directory = Directory.CreateTempSubdirectory("quicchat-pem-").FullName;

    private string CertificateFile => Path.Combine(_directory, "chain.pem");

    private string KeyFile => Path.Combine(_directory, "chain.key");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Keys_that_every_engine_signs_with_are_taken()
    {
        foreach (var curve in new[] { ECCurve.NamedCurves.nistP256, ECCurve.NamedCurves.nistP384, ECCurve.NamedCurves.nistP521 })
        {
            using var key = ECDsa.Create(curve);
            Write(new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256), key);
            Assert.Equal(64, Load().Fingerprint.Length);
        }

        using var rsa = RSA.Create(2048);
        Write(new CertificateRequest("CN=test", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), rsa);
        Assert.Equal(64, Load().Fingerprint.Length);
    }

    [Fact]
    public void An_encrypted_key_names_the_command_that_decrypts_it()
    {
        using var key = WritePair();
        File.WriteAllText(
            KeyFile, key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1)));

        AssertRefused($"The private key in '{KeyFile}' is encrypted. Give it without a password: 'openssl pkey -in {KeyFile} -out FILE' writes it so.");
    }

    [Fact]
    public void A_curve_that_TLS_does_not_know_names_those_that_it_does()
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName("secp256k1"));
        Write(new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256), key);

        AssertRefused(
            $"The certificate in '{CertificateFile}' has a key of an unsupported kind. Give one with RSA, or ECDSA on P-256, P-384 or P-521.");
    }

    [Fact]
    public void A_directory_in_place_of_a_file_is_called_one()
    {
        using var key = WritePair();
        File.Delete(KeyFile);
        Directory.CreateDirectory(KeyFile);
        AssertRefused($"The private key file '{KeyFile}' cannot be read: it is a directory, not a file. Give a file of PEM that can be read.");

        File.Delete(CertificateFile);
        Directory.CreateDirectory(CertificateFile);
        AssertRefused($"The certificate file '{CertificateFile}' cannot be read: it is a directory, not a file. Give a file of PEM that can be read.");
    }

    [Fact]
    public void A_missing_file_is_named()
        => AssertRefused($"The certificate file '{CertificateFile}' cannot be read: it is not there. Give a file of PEM that can be read.");

    [Theory]
    [InlineData("other")]
    [InlineData("RSA")]
    [InlineData("junk")]
    [InlineData("damaged")]
    public void A_key_of_another_certificate_names_both(string kind)
    {
        using var key = WritePair();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        File.WriteAllText(KeyFile, kind switch
        {
            "other" => other.ExportPkcs8PrivateKeyPem(),
            "RSA" => rsa.ExportPkcs8PrivateKeyPem(),
            "damaged" => "-----BEGIN PRIVATE KEY-----\nanVuaw==\n-----END PRIVATE KEY-----\n",
            _ => kind,
        });

        AssertRefused(
            $"'{KeyFile}' does not hold, as PEM, the private key of the certificate in '{CertificateFile}'. Give the key with which that certificate was requested.");
    }

    [Theory]
    [InlineData("junk")]
    [InlineData("-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n")]
    public void Junk_is_no_certificate(string text)
    {
        using var key = WritePair();
        File.WriteAllText(CertificateFile, text);

        AssertRefused($"'{CertificateFile}' holds no certificate as PEM. Give a file that begins with -----BEGIN CERTIFICATE-----.");
    }

    [Fact]
    public void One_that_has_ended_says_when()
    {
        using var key = WritePair();

        AssertRefused(
            $"The certificate in '{CertificateFile}' is valid from 2031-05-17 08:30:00Z to 2031-05-18 08:30:00Z, not now. Give a current one.",
            Now.AddDays(1));
    }

    [Fact]
    public void A_loaded_certificate_keeps_its_chain_and_its_key()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issuer = new CertificateRequest("CN=issuer", key, HashAlgorithmName.SHA256).CreateSelfSigned(Now, Now.AddDays(1));
        using var leaf = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256).CreateSelfSigned(Now, Now.AddDays(1));

        var taken = PemCertificate.From(leaf, [issuer]);

        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(taken.CertificatePem);
        Assert.Equal(["CN=leaf", "CN=issuer"], chain.Select(one => one.Subject));
        Assert.Equal(leaf.GetCertHash(HashAlgorithmName.SHA256), taken.Sha256);
        using var again = X509Certificate2.CreateFromPem(taken.CertificatePem, taken.KeyPem);
        Assert.True(again.HasPrivateKey);
    }

    [Fact]
    public void A_loaded_certificate_without_its_key_says_how_to_load_both()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var whole = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256).CreateSelfSigned(Now, Now.AddDays(1));
        using var bare = X509CertificateLoader.LoadCertificate(whole.RawData);

        Assert.Equal(
            "The certificate of 'CN=leaf' has no private key. Load it together with its key, as from a PKCS #12 file or by X509Certificate2.CreateFromPemFile.",
            Assert.Throws<CertificateException>(() => PemCertificate.From(bare, [])).Message);
    }

    [Fact]
    public void A_key_that_stays_in_a_module_says_what_to_load_instead()
    {
        using var key = new LockedKey();

        Assert.Equal(
            "The private key of the certificate of 'CN=leaf' cannot be exported, and GnuTLS needs the key itself. "
            + "Load the certificate from a file of PEM or PKCS #12 (with X509KeyStorageFlags.Exportable), not from a key store or a hardware module.",
            Assert.Throws<CertificateException>(() => PemCertificate.ExportKey(key, "CN=leaf")).Message);
    }

    // As those of hardware modules.
    private sealed class LockedKey : RSA
    {
        public override RSAParameters ExportParameters(bool includePrivateParameters) => throw new CryptographicException("The key is not exportable.");

        public override void ImportParameters(RSAParameters parameters) => throw new NotSupportedException();
    }

    private ECDsa WritePair()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write(new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256), key);
        return key;
    }

    private void Write(CertificateRequest request, AsymmetricAlgorithm key)
    {
        using var certificate = request.CreateSelfSigned(Now, Now.AddDays(1));
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
    }

    private PemCertificate Load(DateTimeOffset? at = null) => PemCertificate.Load(CertificateFile, KeyFile, at ?? Now);

    private void AssertRefused(string message, DateTimeOffset? at = null)
        => Assert.Equal(message, Assert.Throws<CertificateException>(() => Load(at)).Message);
}
