using System.CommandLine;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin timeout</c>: how long a migration attempt may stay unresolved.</summary>
internal sealed class TimeoutCommand : Command
{
    /// <summary>Defines the verbs.</summary>
    public TimeoutCommand()
        : base("timeout", "Shows or sets how long a migration attempt may stay unresolved.")
    {
        Subcommands.Add(new GetVerb());
        Subcommands.Add(new SetVerb());
    }

    private static string Text(TimeSpan timeout) => FormattableString.Invariant($"{timeout.TotalSeconds:0.###} s");

    private sealed class GetVerb : AdminVerb
    {
        public GetVerb()
            : base("get", "Shows the time-out.", "./quicchat admin timeout get")
            => AddAdminOptions();

        protected override async Task<int> RunAsync(
            ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
        {
            var timeout = await cluster.AskAsync(grains => grains.Monitor().GetTimeout(), cancellationToken);
            if (context.Json)
            {
                context.WriteJson(new { timeoutSeconds = timeout.TotalSeconds });
            }
            else
            {
                context.Output.WriteLine(Text(timeout));
            }

            return ExitCode.Held;
        }
    }

    private sealed class SetVerb : AdminVerb
    {
        private readonly Argument<TimeSpan> _timeout = new("TIME")
        {
            Description = "From 1s to 1h, such as 30s or 2m.",
            CustomParser = result =>
            {
                try
                {
                    var time = Quantity.Duration(result.Tokens[0].Value);
                    if (time >= MigrationLimits.ShortestTimeout && time <= MigrationLimits.LongestTimeout)
                    {
                        return time;
                    }

                    result.AddError($"'{result.Tokens[0].Value}' is not between 1s and 1h");
                }
                catch (FormatException e)
                {
                    result.AddError(e.Message);
                }

                return default;
            },
        };

        public SetVerb()
            : base("set", "Sets the time-out, for attempts in flight too, and waits until the gateways go by it, about 2 s.", "./quicchat admin timeout set 10s")
        {
            Arguments.Add(_timeout);
            AddAdminOptions();
        }

        protected override async Task<int> RunAsync(
            ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
        {
            var timeout = parsed.GetValue(_timeout);
            var version = await cluster.AskAsync(grains => grains.Monitor().SetTimeout(timeout), cancellationToken);
            var gateways = await Rollout.AwaitAsync(cluster, "time-out", version, cancellationToken);
            context.Progress($"the time-out is {Text(timeout)}; {Rollout.Describe(gateways)}");
            if (context.Json)
            {
                context.WriteJson(new { timeoutSeconds = timeout.TotalSeconds, gateways });
            }

            return ExitCode.Held;
        }
    }
}
