using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Chat;

/// <summary>Standard input and output of a script.</summary>
internal sealed class PipedScreen(VerbContext context, TextReader input) : IChatScreen
{
    private readonly Lock _gate = new();

    /// <inheritdoc />
    public void Show(string line)
    {
        lock (_gate)
        {
            context.Output.WriteLine(line);
        }
    }

    /// <inheritdoc />
    public void Note(string line) => context.Progress(line);

    /// <inheritdoc />
    public Task<string?> ReadLineAsync(CancellationToken cancellationToken)
        // A read of a pipe cannot be cancelled; it is left behind instead.
        => Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
}
