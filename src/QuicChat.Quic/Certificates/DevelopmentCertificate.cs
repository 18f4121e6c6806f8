using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace QuicChat.Quic.Certificates;

/// <summary>
/// A self-signed certificate for a server on this machine, kept in a directory as <see cref="CertificateFileName"/> and <see cref="KeyFileName"/>.
/// Clients trust it by its fingerprint.
/// </summary>
public static class DevelopmentCertificate
{
    /// <summary>The file of the certificate, PEM.</summary>
    public const string CertificateFileName = "certificate.pem";

    /// <summary>The file of the private key, PEM, readable by its owner alone.</summary>
    public const string KeyFileName = "certificate.key";

    /// <summary>
    /// 365 days. A running server does not renew its certificate, so it must outlast a run; more than 398 days some TLS stacks refuse.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    /// <summary>7 days: one that ends within this time is renewed at the next start.</summary>
    public static readonly TimeSpan RenewalWindow = TimeSpan.FromDays(7);

    private const string LockFileName = "certificate.lock";
    private const string NewSuffix = ".new";
    private const string Subject = "CN=QuicChat development";

    /// <summary>A clock that runs a little behind accepts a certificate made just now.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromHours(1);

    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Loads the directory's certificate; makes it where there is none, and makes a new one where the development certificate ends soon.
    /// Several processes may do so at once: all get the same one. A certificate of another origin is loaded, and never replaced.
    /// </summary>
    /// <param name="directory">The directory; it is made where it is missing.</param>
    /// <param name="time">The clock that decides whether the certificate is current.</param>
    /// <exception cref="CertificateException">The directory cannot be written to, or what it holds cannot be used. The message says what to do.</exception>
    public static PemCertificate Ensure(string directory, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        ArgumentNullException.ThrowIfNull(time);
        var files = new PairFiles(directory);
        try
        {
            if (files.AreBothThere && !files.IsReplacementUnderWay && LoadCurrent(files, time) is { } current)
            {
                return current;
            }
        }
        catch (CertificateException)
        {
            // Another process may be between the two renames; under the lock the same fault is final.
        }

        try
        {
            Directory.CreateDirectory(directory);
            using var held = Lock(Path.Combine(directory, LockFileName), directory);
            files.Recover();
            if (LoadCurrent(files, time) is { } current)
            {
                return current;
            }

            files.Replace(Create(time.GetUtcNow()));
            return files.Load(time.GetUtcNow());
        }
        catch (Exception e) when (FileProblem.IsOne(e))
        {
            throw new CertificateException(
                $"No development certificate can be kept in '{directory}': {FileProblem.DescribeDirectory(directory, e)}. "
                + "Make the directory writable, choose another, or give a certificate and key of your own.",
                e);
        }
    }

    private static PemCertificate? LoadCurrent(PairFiles files, TimeProvider time)
    {
        if (!files.AreBothThere)
        {
            files.ThrowIfOneIsMissing();
            return null;
        }

        return IsRenewable(files, time) ? null : files.Load(time.GetUtcNow());
    }

    private static bool IsRenewable(PairFiles files, TimeProvider time)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(files.Certificate);
            return certificate.Subject == Subject && certificate.Issuer == Subject
                && (DateTimeOffset)certificate.NotAfter - time.GetUtcNow() < RenewalWindow;
        }
        catch (Exception e) when (e is CryptographicException || FileProblem.IsOne(e))
        {
            // Loading it together with its key says what is wrong.
            return false;
        }
    }

    private static (string Certificate, string Key) Create(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1", "serverAuth")], critical: false));
        using var certificate = request.CreateSelfSigned(now - ClockSkew, now + Lifetime);
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static FileStream Lock(string file, string directory)
    {
        for (var waited = TimeSpan.Zero; waited < LockPatience; waited += LockPoll)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (FileProblem.IsHeldByAnother(e))
            {
                Thread.Sleep(LockPoll);
            }
        }

        throw new CertificateException(
            $"Another process has held '{file}' for {LockPatience.TotalSeconds} s; end it, or choose another directory than '{directory}'.");
    }

    /// <summary>
    /// The two files and how both are replaced as one. First the new key is written, then the new certificate, both beside the old ones; renaming the key
    /// decides. So a new certificate without a new key means that only the certificate's rename is missing; anything else that is left was not decided.
    /// </summary>
    private sealed class PairFiles(string directory)
    {
        public string Certificate { get; } = Path.Combine(directory, CertificateFileName);

        public string Key { get; } = Path.Combine(directory, KeyFileName);

        public bool AreBothThere => Path.Exists(Certificate) && Path.Exists(Key);

        public bool IsReplacementUnderWay => File.Exists(NewCertificate);

        private string NewCertificate => Certificate + NewSuffix;

        private string NewKey => Key + NewSuffix;

        public PemCertificate Load(DateTimeOffset now)
            => PemCertificate.Load(Certificate, Key, now, remedy: $"Delete '{Certificate}' and '{Key}' to have a new pair made.");

        public void ThrowIfOneIsMissing()
        {
            var (there, missing) = Path.Exists(Certificate) ? (Certificate, Key) : (Key, Certificate);
            if (Path.Exists(there))
            {
                throw new CertificateException($"There is '{there}' but no '{missing}'. Bring it back, or delete the former to have a new pair made.");
            }
        }

        public void Recover()
        {
            if (File.Exists(NewCertificate) && !File.Exists(NewKey))
            {
                File.Move(NewCertificate, Certificate, overwrite: true);
            }

            File.Delete(NewKey);
            File.Delete(NewCertificate);
        }

        public void Replace((string Certificate, string Key) pem)
        {
            Write(NewKey, pem.Key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Write(NewCertificate, pem.Certificate,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            File.Move(NewKey, Key, overwrite: true);
            File.Move(NewCertificate, Certificate, overwrite: true);
        }

        private static void Write(string file, string text, UnixFileMode mode)
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = mode;
            }

            using var stream = new FileStream(file, options);
            stream.Write(Encoding.ASCII.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }
    }
}
