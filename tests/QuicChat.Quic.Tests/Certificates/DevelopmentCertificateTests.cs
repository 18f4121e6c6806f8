using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Microsoft.Extensions.Time.Testing;

using QuicChat.Quic.Certificates;

using Xunit;

namespace QuicChat.Quic.Tests.Certificates;

public sealed class DevelopmentCertificateTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("quicchat-certificate-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2031, 5, 17, 8, 30, 0, TimeSpan.Zero));

    private string CertificateFile => Path.Combine(_directory, DevelopmentCertificate.CertificateFileName);

    private string KeyFile => Path.Combine(_directory, DevelopmentCertificate.KeyFileName);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void One_is_made_for_this_machine()
    {
        var made = DevelopmentCertificate.Ensure(_directory, _time);

        using var certificate = X509CertificateLoader.LoadCertificateFromFile(CertificateFile);
        Assert.True(certificate.MatchesHostname("localhost"));
        Assert.True(certificate.MatchesHostname("127.0.0.1"));
        Assert.True(certificate.MatchesHostname("::1"));
        Assert.False(certificate.MatchesHostname("example.org"));
        Assert.Equal("ECC", certificate.PublicKey.Oid.FriendlyName);
        Assert.Equal(256, certificate.GetECDsaPublicKey()!.KeySize);
        Assert.Equal(64, made.Fingerprint.Length);
        Assert.Equal(_time.GetUtcNow() + DevelopmentCertificate.Lifetime, made.NotAfter);
        Assert.Equal(made.Fingerprint, PemCertificate.Load(CertificateFile, KeyFile, _time.GetUtcNow()).Fingerprint);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Nobody_else_may_read_the_key_and_nothing_else_is_left_behind()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");

        DevelopmentCertificate.Ensure(_directory, _time);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        Assert.Equal(
            ["certificate.key", "certificate.lock", "certificate.pem"],
            Directory.GetFiles(_directory).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_same_one_is_found_again_until_it_ends_soon()
    {
        var made = DevelopmentCertificate.Ensure(_directory, _time);

        _time.Advance(DevelopmentCertificate.Lifetime - DevelopmentCertificate.RenewalWindow);
        Assert.Equal(made.Fingerprint, DevelopmentCertificate.Ensure(_directory, _time).Fingerprint);
        _time.Advance(TimeSpan.FromMinutes(1));
        var renewed = DevelopmentCertificate.Ensure(_directory, _time);

        Assert.NotEqual(made.Fingerprint, renewed.Fingerprint);
        Assert.Equal(_time.GetUtcNow() + DevelopmentCertificate.Lifetime, renewed.NotAfter);
        Assert.Equal(renewed.Fingerprint, DevelopmentCertificate.Ensure(_directory, _time).Fingerprint);
    }

    [Fact]
    public void One_that_has_ended_is_renewed()
    {
        var made = DevelopmentCertificate.Ensure(_directory, _time);

        _time.Advance(2 * DevelopmentCertificate.Lifetime);

        Assert.NotEqual(made.Fingerprint, DevelopmentCertificate.Ensure(_directory, _time).Fingerprint);
    }

    [Fact]
    public void The_directory_is_made_where_it_is_missing()
    {
        var directory = Path.Combine(_directory, "a", "b");

        Assert.Equal(
            DevelopmentCertificate.Ensure(directory, _time).Fingerprint,
            DevelopmentCertificate.Ensure(directory, _time).Fingerprint);
    }

    [Fact]
    public void All_who_start_at_once_get_the_same_one()
    {
        for (var round = 0; round < 5; round++)
        {
            var directory = Path.Combine(_directory, $"{round}");
            using var start = new Barrier(8);
            var fingerprints = new string[start.ParticipantCount];
            var threads = Enumerable.Range(0, fingerprints.Length).Select(i => new Thread(() =>
            {
                start.SignalAndWait();
                fingerprints[i] = DevelopmentCertificate.Ensure(directory, _time).Fingerprint;
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());

            Assert.Single(fingerprints.Distinct());
        }
    }

    [Theory]
    [InlineData("certificate.key.new")]
    [InlineData("certificate.key.new", "certificate.pem.new")]
    public void What_an_interrupted_renewal_had_not_decided_is_cleared_away(params string[] leftOvers)
    {
        var made = DevelopmentCertificate.Ensure(_directory, _time);
        foreach (var file in leftOvers)
        {
            File.WriteAllText(Path.Combine(_directory, file), "half of it");
        }

        Assert.Equal(made.Fingerprint, DevelopmentCertificate.Ensure(_directory, _time).Fingerprint);
        _time.Advance(DevelopmentCertificate.Lifetime);
        Assert.NotEqual(made.Fingerprint, DevelopmentCertificate.Ensure(_directory, _time).Fingerprint);
    }

    [Fact]
    public void An_interrupted_renewal_that_was_decided_is_finished()
    {
        DevelopmentCertificate.Ensure(_directory, _time);
        var other = Path.Combine(_directory, "other");
        var renewed = DevelopmentCertificate.Ensure(other, _time);
        File.Move(Path.Combine(other, DevelopmentCertificate.KeyFileName), KeyFile, overwrite: true);
        File.Move(Path.Combine(other, DevelopmentCertificate.CertificateFileName), CertificateFile + ".new");

        Assert.Equal(renewed.Fingerprint, DevelopmentCertificate.Ensure(_directory, _time).Fingerprint);
    }

    [Fact]
    public void A_certificate_of_another_origin_is_used_and_never_replaced()
    {
        using (var key = ECDsa.Create())
        {
            var request = new CertificateRequest("CN=chat.example.org", key, HashAlgorithmName.SHA256);
            using var own = request.CreateSelfSigned(_time.GetUtcNow(), _time.GetUtcNow() + TimeSpan.FromDays(1));
            File.WriteAllText(CertificateFile, own.ExportCertificatePem());
            File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
        }

        var before = File.ReadAllText(CertificateFile);
        Assert.Equal(before, DevelopmentCertificate.Ensure(_directory, _time).CertificatePem);
        _time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(
            $"The certificate in '{CertificateFile}' is valid from 2031-05-17 08:30:00Z to 2031-05-18 08:30:00Z, not now. "
            + $"Delete '{CertificateFile}' and '{KeyFile}' to have a new pair made.",
            Assert.Throws<CertificateException>(() => DevelopmentCertificate.Ensure(_directory, _time)).Message);
        Assert.Equal(before, File.ReadAllText(CertificateFile));
    }

    [Theory]
    [InlineData(DevelopmentCertificate.KeyFileName)]
    [InlineData(DevelopmentCertificate.CertificateFileName)]
    public void Half_a_pair_is_refused_and_left_as_it_is(string missing)
    {
        DevelopmentCertificate.Ensure(_directory, _time);
        File.Delete(Path.Combine(_directory, missing));

        var refusal = Assert.Throws<CertificateException>(() => DevelopmentCertificate.Ensure(_directory, _time));

        Assert.Contains($"no '{Path.Combine(_directory, missing)}'", refusal.Message);
        Assert.False(File.Exists(Path.Combine(_directory, missing)));
    }

    [Fact]
    public void Garbage_is_refused_with_the_names_of_the_files_to_delete()
    {
        File.WriteAllText(CertificateFile, "not a certificate");
        File.WriteAllText(KeyFile, "not a key");

        Assert.Equal(
            $"'{CertificateFile}' holds no certificate as PEM. Delete '{CertificateFile}' and '{KeyFile}' to have a new pair made.",
            Assert.Throws<CertificateException>(() => DevelopmentCertificate.Ensure(_directory, _time)).Message);
    }

    [Fact]
    public void A_directory_in_place_of_the_certificate_is_refused_with_what_to_do()
    {
        DevelopmentCertificate.Ensure(_directory, _time);
        File.Delete(CertificateFile);
        Directory.CreateDirectory(CertificateFile);

        Assert.Equal(
            $"The certificate file '{CertificateFile}' cannot be read: it is a directory, not a file. "
            + $"Delete '{CertificateFile}' and '{KeyFile}' to have a new pair made.",
            Assert.Throws<CertificateException>(() => DevelopmentCertificate.Ensure(_directory, _time)).Message);
    }

    [Fact]
    public void A_directory_that_cannot_be_written_to_is_named_with_what_to_do()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs a directory that is read-only for everybody: /sys of Linux.");

        var refusal = Assert.Throws<CertificateException>(() => DevelopmentCertificate.Ensure("/sys", _time));

        Assert.StartsWith("No development certificate can be kept in '/sys'", refusal.Message);
        Assert.Contains("Make the directory writable", refusal.Message);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_current_one_is_found_in_a_directory_that_cannot_be_written_to()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        var made = DevelopmentCertificate.Ensure(_directory, _time);
        File.Delete(Path.Combine(_directory, "certificate.lock"));
        File.SetUnixFileMode(_directory, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var found = DevelopmentCertificate.Ensure(_directory, _time);

        File.SetUnixFileMode(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal(made.Fingerprint, found.Fingerprint);
        Assert.False(File.Exists(Path.Combine(_directory, "certificate.lock")));
    }
}
