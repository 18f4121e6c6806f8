using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using QuicChat.Fuzz.Coverage;

namespace QuicChat.Fuzz;

/// <summary>Runs one target with one input after the other, until its time is up or something does not hold. It may die of what it finds.</summary>
internal sealed class Worker : IDisposable
{
    private const int MaxInput = 64 * 1024;
    private const int ShrinkAttempts = 500;

    private readonly WorkOptions _options;
    private readonly IFuzzTarget _target;
    private readonly LastInput _last;
    private readonly string _folder;
    private readonly List<byte[]> _corpus = [];
    private readonly EdgeMap? _edges;
    private long _executions;
    private int _kept;

    public Worker(WorkOptions options)
    {
        _options = options;
        var name = options.Targets.Single();
        _last = new LastInput(StateOf(options, name));
        _folder = Path.Combine(options.Corpus, name);
        _edges = options.IsGuided ? new EdgeMap() : null;
        _target = FuzzTargets.Create(name);
    }

    /// <summary>The file with the input that a worker runs.</summary>
    public static string StateOf(WorkOptions options, string target) => Path.Combine(options.Output, "running", target);

    /// <summary>Runs; says at its end in one line of JSON what it has done.</summary>
    /// <returns>0, or 1 where something was found: the input is then the one that was begun last.</returns>
    public int Run()
    {
        try
        {
            Load();
            var (time, mutator) = (Stopwatch.StartNew(), new Mutator(new Random(_options.Seed)));
            while (time.Elapsed.TotalSeconds < _options.Seconds)
            {
                var input = mutator.Next(_corpus);
                if (Execute(input) && _options.IsGuided)
                {
                    Keep(input);
                }
            }
        }
        catch (Exception e)
        {
            Shrink(e);
            Console.Error.WriteLine(e);
            return 1;
        }

        Console.WriteLine(JsonSerializer.Serialize(new { executions = _executions, edges = _edges?.Edges ?? 0, kept = _kept, corpus = _corpus.Count }));
        return 0;
    }

    public void Dispose()
    {
        _target.Dispose();
        _last.Dispose();
    }

    // Every one of these is run, whatever the time: that they still hold is what a regression test is for.
    private void Load()
    {
        IEnumerable<byte[]> files = Directory.Exists(_folder) ? Directory.EnumerateFiles(_folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes) : [];
        foreach (var input in _target.Seeds.Concat(files))
        {
            Execute(input);
            _corpus.Add(input);
        }

        if (_corpus.Count == 0)
        {
            _corpus.Add([]);
        }
    }

    // Whether it took a branch that none has taken before.
    private bool Execute(byte[] input)
    {
        _last.Begin(input);
        _executions++;
        _edges?.Clear();
        _target.Run(input);
        return _edges?.Add() == true;
    }

    private void Keep(byte[] input)
    {
        if (input.Length > MaxInput)
        {
            return;
        }

        _corpus.Add(input);
        _kept++;
        if (_options.Keeps)
        {
            Directory.CreateDirectory(_folder);
            File.WriteAllBytes(Path.Combine(_folder, NameOf(input)), input);
        }
    }

    /// <summary>The name of an input's file: of its contents.</summary>
    public static string NameOf(byte[] input) => Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, 8));

    // Leaves out what the fault does not need.
    private void Shrink(Exception fault)
    {
        var input = _last.Input;
        var attempts = ShrinkAttempts;
        for (var size = input.Length / 2; size > 0; size /= 2)
        {
            for (var at = 0; at + size <= input.Length && attempts > 0; attempts--)
            {
                byte[] shorter = [.. input[..at], .. input[(at + size)..]];
                if (FailsAlike(shorter, fault))
                {
                    input = shorter;
                }
                else
                {
                    at += size;
                }
            }
        }

        _last.Begin(input);
    }

    private bool FailsAlike(byte[] input, Exception fault)
    {
        try
        {
            Execute(input);
            return false;
        }
        catch (Exception e)
        {
            return e.GetType() == fault.GetType();
        }
    }
}
