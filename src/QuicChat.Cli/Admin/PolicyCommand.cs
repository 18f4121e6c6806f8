using System.CommandLine;
using QuicChat.Abstractions.Policies;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin policy</c>: where clients may move.</summary>
internal sealed class PolicyCommand : Command
{
    /// <summary>Defines the verbs.</summary>
    public PolicyCommand()
        : base("policy", "Shows or sets where clients may move.")
    {
        Subcommands.Add(new GetVerb());
        Subcommands.Add(new SetVerb());
    }

    private sealed class GetVerb : AdminVerb
    {
        public GetVerb()
            : base("get", "Prints the policy as 'set' takes it.", "./quicchat admin policy get > policy.json")
            => AddAdminOptions();

        protected override async Task<int> RunAsync(
            ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
        {
            var policy = await cluster.AskAsync(grains => grains.Monitor().GetPolicy(), cancellationToken);
            if (context.Json)
            {
                context.WriteJson(policy);
            }
            else
            {
                context.Output.WriteLine(MigrationPolicyJson.Format(policy));
            }

            return ExitCode.Held;
        }
    }

    private sealed class SetVerb : AdminVerb
    {
        private readonly Argument<string> _file = new("FILE") { Description = "The policy as JSON, as 'policy get' prints it." };

        public SetVerb()
            : base("set", "Replaces the policy by a file's; and waits until the gateways go by it, about 2 s. A file with an error changes nothing.", "./quicchat admin policy set policy.json")
        {
            Arguments.Add(_file);
            AddAdminOptions();
        }

        protected override async Task<int> RunAsync(
            ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
        {
            var policy = Read(parsed.GetRequiredValue(_file));
            var version = await cluster.AskAsync(grains => grains.Monitor().SetPolicy(policy), cancellationToken);
            var gateways = await Rollout.AwaitAsync(cluster, "policy", version, cancellationToken);
            context.Progress($"the policy is set; {Rollout.Describe(gateways)}");
            if (context.Json)
            {
                context.WriteJson(new { policy, gateways });
            }

            return ExitCode.Held;
        }

        private static MigrationPolicy Read(string file)
        {
            try
            {
                return MigrationPolicyJson.Parse(File.ReadAllBytes(file));
            }
            catch (MigrationPolicyException e)
            {
                throw new ToolException($"'{file}', {e.Message}; the policy is what it was.", e);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ToolException($"'{file}' cannot be read ({ToolException.OneLine(e)}); the policy is what it was.", e);
            }
        }
    }
}
