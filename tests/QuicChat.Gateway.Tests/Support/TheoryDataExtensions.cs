namespace QuicChat.Gateway.Tests.Support;

/// <summary>Tables of inputs that all lead to one code.</summary>
internal static class TheoryDataExtensions
{
    public static TheoryData<string, ErrorCode> With(this TheoryData<string, ErrorCode> data, ErrorCode code, params string[] inputs)
    {
        foreach (var input in inputs)
        {
            data.Add(input, code);
        }

        return data;
    }
}
