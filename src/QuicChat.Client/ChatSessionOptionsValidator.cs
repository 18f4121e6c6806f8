namespace QuicChat.Client;

/// <summary>Finds what is wrong with a session's options before anything is done with them.</summary>
internal static class ChatSessionOptionsValidator
{
    /// <exception cref="ArgumentException">Something is wrong; the message names all of it.</exception>
    public static void Validate(ChatSessionOptions options)
    {
        var problems = Problems(options).ToList();
        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }
    }

    private static IEnumerable<string> Problems(ChatSessionOptions options)
    {
        (string Name, TimeSpan Value)[] delays =
        [
            (nameof(options.FirstRetryDelay), options.FirstRetryDelay),
            (nameof(options.MaxRetryDelay), options.MaxRetryDelay),
        ];
        foreach (var (name, value) in delays)
        {
            if (value < TimeSpan.FromMilliseconds(10) || value > TimeSpan.FromHours(1))
            {
                yield return $"{name} is {value}; 10 ms to 1 h are allowed.";
            }
        }

        if (options.FirstRetryDelay > options.MaxRetryDelay)
        {
            yield return $"FirstRetryDelay ({options.FirstRetryDelay}) is longer than MaxRetryDelay ({options.MaxRetryDelay}).";
        }

        if (options.GiveUpAfter <= TimeSpan.Zero && options.GiveUpAfter != Timeout.InfiniteTimeSpan)
        {
            yield return $"GiveUpAfter is {options.GiveUpAfter}; give a time above zero, or Timeout.InfiniteTimeSpan.";
        }

        if (options.MaxPendingPublishes is < 1 or > 100_000)
        {
            yield return $"MaxPendingPublishes is {options.MaxPendingPublishes}; 1 to 100,000 are allowed.";
        }
    }
}
