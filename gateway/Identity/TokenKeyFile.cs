using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Hosting;
using QuicChat.Quic.Certificates;

namespace QuicChat.Gateway.Identity;

/// <summary>
/// The key file, read again when it changes, so that keys can be rotated. A file that cannot be used changes nothing: the keys at hand stay
/// in force, and one line of the log says so.
/// </summary>
internal sealed class TokenKeyFile : IHostedService, IDisposable
{
    private readonly TokenOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private volatile TokenKeySet _keys;
    private string _seen;
    private ITimer? _timer;

    /// <summary>Reads the file.</summary>
    /// <exception cref="GatewayStartException">It cannot be used.</exception>
    public TokenKeyFile(IOptions<TokenOptions> options, TimeProvider time, ILogger<TokenKeyFile> logger)
    {
        _options = options.Value;
        _time = time;
        _logger = logger;
        (_seen, var keys, var problem) = Read();
        _keys = keys ?? throw new GatewayStartException($"{problem} Give one with --token-key FILE.");
    }

    /// <summary>The keys in force.</summary>
    public TokenKeySet Keys => _keys;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Tell();
        _timer = _time.CreateTimer(_ => Look(), null, _options.KeyReadInterval, _options.KeyReadInterval);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_timer is { } timer)
        {
            await timer.DisposeAsync();
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        var (seen, keys, problem) = Read();
        if (seen == _seen)
        {
            // Good or bad, all has been said of it.
            return;
        }

        _seen = seen;
        if (keys is null)
        {
            _logger.TokenKeysNotRead(problem, _keys);
            return;
        }

        _keys = keys;
        Tell();
    }

    private void Tell()
    {
        _logger.TokenKeysRead(_keys, _options.KeyFile);
        if (_keys.IsSecret && IsOpen())
        {
            _logger.TokenKeyIsOpen(_options.KeyFile);
        }
    }

    private bool IsOpen()
    {
        try
        {
            return !OperatingSystem.IsWindows()
                && (File.GetUnixFileMode(_options.KeyFile) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0;
        }
        catch (Exception e) when (FileProblem.IsOne(e))
        {
            // It is gone again; the next look says so.
            return false;
        }
    }

    private (string Seen, TokenKeySet? Keys, string Problem) Read()
    {
        try
        {
            var text = File.ReadAllText(_options.KeyFile);
            try
            {
                return (text, TokenKeySet.Parse(text), "");
            }
            catch (Exception e)
            {
                // Whatever it holds: no file must end a gateway that serves.
                var what = e is FormatException ? e.Message : $"cannot be used ({e.Message.TrimEnd('.')})";
                return (text, null, $"The token key file '{_options.KeyFile}' {what}.");
            }
        }
        catch (Exception e) when (FileProblem.IsOne(e))
        {
            var problem = $"The token key file '{_options.KeyFile}' cannot be read: {FileProblem.Describe(_options.KeyFile, e)}.";
            return (problem, null, problem);
        }
    }
}
