using System.Diagnostics;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Client;
using QuicChat.Quic.Engines;
using ErrorCode = QuicChat.Protocol.V1.ErrorCode;

namespace QuicChat.Cli.Status;

/// <summary>Finds out whether the processes of a stack live and serve.</summary>
internal sealed class StackProbe(DataFolder data) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly HttpClient _http = new() { Timeout = Patience };

    /// <summary>Looks once.</summary>
    public async Task<StatusReport> LookAsync(CancellationToken cancellationToken)
    {
        RunningStack stack;
        try
        {
            stack = RunningStack.Load(data);
        }
        catch (ToolException e)
        {
            return StatusReport.None(e.Message);
        }

        if (!IsAlive(stack.Process))
        {
            return StatusReport.None($"'up' (process {stack.Process}) was ended by force; start it again with '{data.Command("up")}'.");
        }

        List<Task<PartStatus>> parts = [];
        if (stack.Store is { } store)
        {
            parts.Add(PartAsync("store", store.Pid, store.ConnectionString, () => ProbeStoreAsync(store, cancellationToken)));
        }

        parts.AddRange(stack.Silos.Select(silo => PartAsync(silo.Name, silo.Pid, silo.Web, () => ProbeSiloAsync(silo, cancellationToken))));
        parts.AddRange(stack.Gateways.Select(gateway => PartAsync(
            gateway.Id, gateway.Pid, gateway.EndPoint, () => ProbeGatewayAsync(gateway, cancellationToken))));
        return StatusReport.Of(stack.Process, await Task.WhenAll(parts));
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private static async Task<PartStatus> PartAsync(string name, int pid, string address, Func<Task<string?>> probe)
        => new(name, pid, address, IsAlive(pid) ? await probe() : $"its process {pid} has ended");

    private static async Task<string?> ProbeStoreAsync(RunningStore store, CancellationToken cancellationToken)
    {
        try
        {
            await RedisServer.RequireAsync(store.ConnectionString, "see its log", cancellationToken);
            return null;
        }
        catch (ToolException e)
        {
            return e.Message;
        }
    }

    private async Task<string?> ProbeSiloAsync(RunningSilo silo, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri($"{silo.Web.TrimEnd('/')}/health/ready"), cancellationToken);
            return response.IsSuccessStatusCode
                ? null
                : $"not ready: {ToolException.Shorten(await response.Content.ReadAsStringAsync(cancellationToken))}";
        }
        catch (HttpRequestException e)
        {
            return $"its web port does not answer ({ToolException.OneLine(e)})";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"its web port did not answer within {Patience.TotalSeconds} s";
        }
    }

    // A handshake and a Hello: that a process lives, or that its port is bound, says little.
    private async Task<string?> ProbeGatewayAsync(RunningGateway gateway, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            await using var client = await ChatClient.ConnectAsync(
                StackClient.Options(data, StackClient.Address(gateway), "status"), limit.Token);
            return null;
        }
        catch (ChatException e) when (e.Code == ErrorCode.AuthFailed)
        {
            // It takes the tokens of another issuer, and has just judged one.
            return null;
        }
        catch (Exception e) when (e is ChatException or QuicEngineUnavailableException or ToolException)
        {
            return ToolException.Shorten(e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"it did not answer within {Patience.TotalSeconds} s";
        }
    }

    private static bool IsAlive(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
