namespace QuicChat.Fuzz;

/// <summary>Fuzzes what takes bytes from anyone; docs/fuzzing.md says how.</summary>
internal static class Program
{
    private const string Usage = """
        usage: QuicChat.Fuzz run [--target NAME]... [--seconds N] [--seed N] [--guided] [--keep] [--corpus DIR] [--output DIR]
               QuicChat.Fuzz reproduce NAME FILE
        """;

    public static int Main(string[] arguments)
    {
        try
        {
            switch (arguments)
            {
                case ["run", ..]:
                    return new Supervisor(WorkOptions.Parse(arguments.AsSpan(1))).Run();
                case ["work", ..]:
                    using (var worker = new Worker(WorkOptions.Parse(arguments.AsSpan(1))))
                    {
                        return worker.Run();
                    }

                case ["reproduce", var name, var file] when FuzzTargets.IsOne(name):
                    using (var target = FuzzTargets.Create(name))
                    {
                        target.Run(File.ReadAllBytes(file));
                    }

                    Console.WriteLine("It holds.");
                    return 0;
                default:
                    Console.Error.WriteLine(Usage);
                    return 2;
            }
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine($"QuicChat.Fuzz: {e.Message}\n{Usage}");
            return 2;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"QuicChat.Fuzz: {e.Message}");
            return 2;
        }
    }
}
