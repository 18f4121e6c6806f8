using System.Globalization;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Stack;

/// <summary>
/// <c>redis-server</c> as a child of this process. Redis cannot end with its parent, nor say when it serves; a shell does both for it.
/// </summary>
internal static class RedisProgram
{
    private const string Script =
        """
        redis-server --port "$1" --bind 127.0.0.1 --dir "$2" --appendonly "$3" --appendfsync always --save '' 1>&2 &
        redis=$!
        exec 3<&0
        (cat <&3 >/dev/null; kill $redis) >/dev/null 2>&1 &
        until [ "$(redis-cli -p "$1" ping 2>/dev/null)" = PONG ]; do
          kill -0 $redis 2>/dev/null || { echo 'redis-server cannot start; is it installed (Debian: apt-get install redis-server)?' >&2; exit 1; }
          sleep 0.1
        done
        printf '{"ready":"store","connectionString":"127.0.0.1:%s","pid":%s}\n' "$1" $redis
        wait $redis
        """;

    /// <summary>The command line.</summary>
    /// <param name="folder">Where it keeps its data; it is made where it is not there.</param>
    /// <param name="port">Its TCP port on 127.0.0.1.</param>
    /// <param name="isDurable">Whether each write is on the disk before it is answered; otherwise nothing is stored.</param>
    /// <exception cref="ToolException">The folder cannot be made.</exception>
    public static IReadOnlyList<string> Command(string folder, int port, bool isDurable = true) =>
    [
        "/bin/sh", "-c", Script, "redis",
        port.ToString(CultureInfo.InvariantCulture), DataFolder.Access(folder, Directory.CreateDirectory).FullName, isDurable ? "yes" : "no",
    ];
}
