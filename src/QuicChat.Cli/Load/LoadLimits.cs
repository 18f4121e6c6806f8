using System.Globalization;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Load;

/// <summary>What this machine allows a load.</summary>
/// <param name="OpenFiles">
/// How many files and sockets this process may have open (RLIMIT_NOFILE); <see langword="null"/> where that is not known.
/// </param>
/// <param name="Ports">How many ports the system gives to sockets that ask for any.</param>
internal sealed record LoadLimits(long? OpenFiles, long? Ports)
{
    /// <summary>Files that are open for other things: libraries, pipes to children, event descriptors.</summary>
    public const int OtherFiles = 400;

    /// <summary>Those of this machine.</summary>
    public static LoadLimits OfThisMachine() => new(ReadOpenFiles(), ReadPorts());

    /// <summary>Refuses a load that cannot be.</summary>
    /// <exception cref="UsageException">It cannot; the message names the limit and how to raise it.</exception>
    public void Check(LoadSettings settings)
    {
        var sockets = Sockets(settings);
        var files = sockets + OtherFiles;
        if (files > OpenFiles)
        {
            throw new UsageException(
                $"--connections: {settings.Connections} clients need {files} open files, and this process may have {OpenFiles}; "
                    + $"raise the limit with 'ulimit -n {files}', give fewer, or let them share sockets with --sockets 64");
        }

        if (sockets > Ports)
        {
            throw new UsageException(
                $"--connections: {settings.Connections} clients need {sockets} UDP ports, and the system gives out {Ports}; widen "
                    + "net.ipv4.ip_local_port_range with sysctl, give fewer, or let them share sockets with --sockets 64");
        }
    }

    /// <summary>How many UDP sockets a load needs in this process.</summary>
    public static long Sockets(LoadSettings settings)
    {
        var (blackholed, _) = settings.Victims();
        long sockets = settings.Sockets ?? 0;
        for (var client = 0; client < settings.Connections; client++)
        {
            if (settings.IsRelayed(client, blackholed.Contains(client)))
            {
                // Its own, the path that it has, and the one before; one that is cut off has a network of its own.
                sockets += blackholed.Contains(client) ? 4 : 3;
            }
            else if (settings.Sockets is null)
            {
                sockets++;
            }

            if (settings.ChangeKind == ChangeKind.Active && settings.Moves(client))
            {
                sockets++;
            }
        }

        return sockets;
    }

    private static long? ReadOpenFiles()
    {
        const string Name = "Max open files";
        return ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal)) is { } line
            && long.TryParse(Words(line[Name.Length..])[0], CultureInfo.InvariantCulture, out var limit)
            ? limit
            : null;
    }

    private static long? ReadPorts()
        => ReadLines("/proc/sys/net/ipv4/ip_local_port_range") is [var range, ..] && Words(range) is [var first, var last]
            ? long.Parse(last, CultureInfo.InvariantCulture) - long.Parse(first, CultureInfo.InvariantCulture) + 1
            : null;

    private static string[] ReadLines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];

    private static string[] Words(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
