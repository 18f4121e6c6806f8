using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Client;

// From options to a welcomed client, and what is said where that fails.
public sealed partial class ChatClient
{
    // CONNECTION_REFUSED (RFC 9000, section 20.1).
    private const ulong ConnectionRefused = 0x02;

    // CRYPTO_ERROR: 0x100 and the TLS alert (RFC 9001, section 4.8; RFC 8446, section 6).
    private const ulong NoApplicationProtocolAlert = 0x100 + 120;
    private const ulong FirstCertificateAlert = 0x100 + 42;
    private const ulong LastCertificateAlert = 0x100 + 48;

    /// <summary>Connects to the first gateway of <see cref="ChatClientOptions.Servers"/> that answers, and is welcomed by it.</summary>
    /// <param name="options">Where to, as whom, and how.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection, to be disposed.</returns>
    /// <exception cref="ArgumentException">An option is not allowed; the message names all that are not.</exception>
    /// <exception cref="ChatConnectException">
    /// No engine can run here, no gateway answers, it is not the trusted one, or it refuses the token. The message is one line that says which and
    /// what to do.
    /// </exception>
    public static async Task<ChatClient> ConnectAsync(ChatClientOptions options, CancellationToken cancellationToken = default)
    {
        ChatClientOptionsValidator.Validate(options);
        var token = options.Token ?? await options.TokenProvider!(cancellationToken).ConfigureAwait(false);
        return await ConnectAsync(
            options, [.. options.Servers.Select(ServerAddress.Parse)], new Greeting(token, default, null), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Connects to the first of <paramref name="servers"/> that answers; else as <see cref="ConnectAsync(ChatClientOptions, CancellationToken)"/>.</summary>
    internal static async Task<ChatClient> ConnectAsync(
        ChatClientOptions options, IReadOnlyList<ServerAddress> servers, Greeting greeting, CancellationToken cancellationToken)
    {
        if (ProtocolRules.CheckToken(greeting.Token) is { } problem)
        {
            throw new ChatConnectException(problem);
        }

        var logger = CreateLogger(options);
        var factory = CreateFactory(options);
        var failures = new List<ChatConnectException>();
        try
        {
            foreach (var server in servers)
            {
                var endPoints = await TryAsync(server.ResolveAsync(options.LocalEndPoint, cancellationToken)).ConfigureAwait(false);
                foreach (var endPoint in endPoints ?? [])
                {
                    if (await TryAsync(ConnectAsync(options, greeting, factory, server, endPoint, Describe(endPoints!), cancellationToken)).ConfigureAwait(false) is { } client)
                    {
                        client._factory = factory;
                        return client;
                    }
                }
            }
        }
        catch
        {
            await ReleaseAsync(factory).ConfigureAwait(false);
            throw;
        }

        await ReleaseAsync(factory).ConfigureAwait(false);
        throw failures.Count == 1
            ? failures[0]
            : new ChatConnectException(
                $"No gateway could be connected to: {string.Join(' ', failures.Select(failure => failure.Message))}", new AggregateException(failures));

        async Task<T?> TryAsync<T>(Task<T> attempt)
            where T : class
        {
            try
            {
                return await attempt.ConfigureAwait(false);
            }
            // What one gateway refuses for good, the others would refuse, too.
            catch (ChatConnectException e) when (e.IsReconnectable)
            {
                ClientLog.ConnectFailed(logger, e.Message);
                failures.Add(e);
                return null;
            }
        }
    }

    private static async Task<ChatClient> ConnectAsync(
        ChatClientOptions options,
        Greeting greeting,
        IMultiplexedConnectionFactory factory,
        ServerAddress server,
        IPEndPoint endPoint,
        IFeatureCollection features,
        CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        MultiplexedConnectionContext? connection = null;
        ChatClient? client = null;
        try
        {
            connection = await factory.ConnectAsync(endPoint, features, either.Token).ConfigureAwait(false);
            var control = await connection.ConnectAsync(null, either.Token).ConfigureAwait(false);
            client = new ChatClient(options, server, endPoint, connection, control);
            greeting.Preparing?.Invoke(client);
            await client.HelloAsync(greeting, either.Token).ConfigureAwait(false);
            return client;
        }
        catch (Exception e)
        {
            await (client?.DisposeAsync() ?? connection?.DisposeAsync() ?? ValueTask.CompletedTask).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (Explain(e, endPoint, options, isConnected: connection is not null) is { } failure)
            {
                throw failure;
            }

            throw;
        }
    }

    private static IMultiplexedConnectionFactory CreateFactory(ChatClientOptions options)
    {
        var quic = new QuicClientOptions
        {
            Trust = options.Trust,
            KeepAliveInterval = options.IdleKeepAlive,
            HandshakeTimeout = options.ConnectTimeout,
            LocalEndPoint = options.LocalEndPoint,
            SocketPool = options.SocketPool,
            // Rooms whose messages the application does not read keep their windows full; they must not take the control stream's part.
            ConnectionReceiveWindow = 32 * 1024 * 1024,
        };
        try
        {
            return options.ConnectionFactory?.Invoke(quic) ?? QuicEngine.CreateConnectionFactory(options.Engine, quic, options.LoggerFactory);
        }
        catch (Exception e) when (e is QuicEngineUnavailableException or CertificateException)
        {
            throw new ChatConnectException(e.Message, e);
        }
    }

    private static ValueTask ReleaseAsync(IMultiplexedConnectionFactory factory)
    {
        switch (factory)
        {
            case IAsyncDisposable asynchronous:
                return asynchronous.DisposeAsync();
            case IDisposable synchronous:
                synchronous.Dispose();
                break;
        }

        return ValueTask.CompletedTask;
    }

    private static ChatConnectException? Explain(Exception error, IPEndPoint endPoint, ChatClientOptions options, bool isConnected)
    {
        var seconds = $"{options.ConnectTimeout.TotalSeconds:0.###} s";
        switch (error)
        {
            case OperationCanceledException when isConnected:
                return new($"The gateway at {endPoint} answers, but did not welcome the client within {seconds}. Look at its log, or try again.", error);
            case OperationCanceledException:
            case QuicConnectionClosedException { Closure.Origin: ConnectionCloseOrigin.HandshakeTimeout }:
                return new(
                    $"No answer from {endPoint} within {seconds}: no gateway listens there, or UDP is blocked on the way. Check the address and that the gateway runs.",
                    error);
            case QuicConnectionClosedException { Closure: { Origin: ConnectionCloseOrigin.Peer, TransportErrorCode: ConnectionRefused } }:
                return new($"The gateway at {endPoint} takes no connections now: it is full, or is going away. Try another one, or later.", error);
            case QuicConnectionClosedException { Closure.TransportErrorCode: NoApplicationProtocolAlert }:
                return new(
                    $"The server at {endPoint} does not speak {QuicDefaults.ApplicationProtocol}. Check the address, and that client and gateway are of versions that go together.",
                    error);
            case QuicConnectionClosedException { Closure: { TransportErrorCode: >= FirstCertificateAlert and <= LastCertificateAlert } closure }:
                return Untrusted(closure.Reason);
            case AuthenticationException:
                return Untrusted(error.Message);
            case QuicConnectionClosedException { Closure: var closure }:
                return Ended(ChatCloseReason.From(closure));
            case ChatClosedException { Reason: var reason }:
                return Ended(reason);
            case SocketException { SocketErrorCode: SocketError.AddressNotAvailable or SocketError.AddressAlreadyInUse or SocketError.AccessDenied }
                when options.LocalEndPoint is not null:
                return new($"The local address {options.LocalEndPoint} cannot be used: {error.Message}. Give another LocalEndPoint, or none.", error);
            case SocketException or IOException or CertificateException:
                return new($"No connection to {endPoint}: {error.Message}", error);
            default:
                return null;
        }

        ChatConnectException Untrusted(string reason)
        {
            var detail = reason.Length == 0 ? "" : $" ({reason})";
            return new($"The server at {endPoint} is not the trusted one{detail}. Check the fingerprint or authority that was given.", error)
            {
                IsUntrusted = true,
            };
        }

        ChatConnectException Ended(ChatCloseReason reason) => reason.Code switch
        {
            ErrorCode.AuthFailed => new($"The gateway at {endPoint} refused the token: {reason.Message} Get a new token.", error, reason.Code),
            // Nothing had begun that could have ended in order: a gateway whose start failed, or that was full, let it go.
            ErrorCode.NoError => new($"The gateway at {endPoint} closed the connection before it served it. Try another, or later.", error),
            _ => new($"No connection to {endPoint}: {reason.Message}", error, reason.Code),
        };
    }
}
