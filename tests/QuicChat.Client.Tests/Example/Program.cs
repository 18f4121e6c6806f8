using QuicChat.Client;
using QuicChat.Quic.Engines;

/// <summary>A chat in a terminal: shows a room's last 20 lines and what follows, and publishes what is typed.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is [var server, var fingerprint, var token, var room])
        {
            return await ChatAsync(server, fingerprint, token, room, Console.In, Console.Out);
        }

        Console.Error.WriteLine("usage: chat HOST:PORT[,HOST:PORT…] FINGERPRINT TOKEN ROOM");
        return 2;
    }

    internal static async Task<int> ChatAsync(
        string server, string fingerprint, string token, string roomName, TextReader input, TextWriter output)
    {
        try
        {
            await using var session = new ChatSession(new ChatClientOptions
            {
                Servers = server.Split(','),
                Trust = ServerTrust.Pinned.Parse(fingerprint),
                Token = token,
            });
            session.StateChanged += state => output.WriteLine(Describe(state));
            session.PathChanged += change => output.WriteLine($"* new network path {change.To}: {change.Outcome}");
            await session.ConnectAsync();

            var room = await session.JoinAsync(roomName, new JoinOptions { Newest = 20 });
            var showing = ShowAsync(room, output);
            while (await input.ReadLineAsync() is { } line)
            {
                await PublishAsync(room, line, output);
            }

            await room.LeaveAsync();
            await showing;
            return 0;
        }
        catch (Exception e) when (e is ChatException or FormatException or ArgumentException)
        {
            // Not reachable, not trusted, refused, or ended for good: one line that says what to do.
            output.WriteLine(e.Message);
            return 1;
        }
    }

    private static string Describe(SessionState state) => state switch
    {
        SessionState.Connected connected => $"* connected to {connected.GatewayId}",
        SessionState.Reconnecting { Attempt: var attempt, Reason: var reason } => $"* reconnecting, try {attempt}: {Printable(reason)}",
        SessionState.Closed { Reason.Message: var reason } => $"* closed: {Printable(reason)}",
        _ => "* connecting",
    };

    private static async Task PublishAsync(SessionRoom room, string line, TextWriter output)
    {
        try
        {
            // Completes when the message is stored, however many connections that takes. For more than one at a time, do not await each.
            await room.PublishAsync(line);
        }
        catch (Exception e) when (e is PublishRejectedException or PublishQueueFullException or ArgumentException)
        {
            // This message alone is lost; the room goes on.
            output.WriteLine($"* not sent: {e.Message}");
        }
        catch (PublishUnknownException e) when (e.Cause != PublishUnknownCause.Ended)
        {
            // Rare, and for the user to decide: sent again it might be stored twice.
            output.WriteLine($"* perhaps not sent: {e.Message}");
        }
    }

    private static async Task ShowAsync(SessionRoom room, TextWriter output)
    {
        await foreach (var item in room.ReadAllAsync())
        {
            switch (item)
            {
                case ChatMessage message:
                    output.WriteLine($"{Printable(message.SenderName)}: {Printable(message.Body)}");
                    break;
                case RoomGap gap:
                    output.WriteLine($"* {gap.Missing?.ToString() ?? "some"} messages are missing here");
                    break;
            }
        }
    }

    // Others choose what arrives here; it must not steer the terminal.
    private static string Printable(string text) => string.Concat(text.Select(character => char.IsControl(character) ? '?' : character));
}
