namespace QuicChat.Fuzz;

/// <summary>Something did not hold.</summary>
internal sealed class FindingException(string message) : Exception(message)
{
    public static void ThrowUnless(bool holds, string message)
    {
        if (!holds)
        {
            throw new FindingException(message);
        }
    }
}
