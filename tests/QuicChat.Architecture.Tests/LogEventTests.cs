using System.Text.RegularExpressions;

using Xunit;

namespace QuicChat.Architecture.Tests;

/// <summary>An operator looks for a log event by its ID, which stands for one event in an assembly.</summary>
public partial class LogEventTests
{
    [Fact]
    public void An_event_ID_stands_for_one_event_of_its_assembly()
    {
        var logging = 0;
        foreach (var project in Repository.Projects.Where(project => !project.IsTest))
        {
            var seen = new Dictionary<int, string>();
            foreach (var (id, place) in EventsOf(project))
            {
                Assert.True(seen.TryAdd(id, place), $"{place} uses event ID {id} of {project.Name}, which {seen.GetValueOrDefault(id)} has; take another.");
            }

            logging += seen.Count > 0 ? 1 : 0;
        }

        Assert.True(logging > 3, $"Only {logging} projects log anything; does this test still find what they log?");
    }

    private static IEnumerable<(int Id, string Place)> EventsOf(ProjectFile project)
    {
        var folder = project.Path[..(project.Path.LastIndexOf('/') + 1)];
        foreach (var file in Repository.Files("*.cs").Where(file => file.StartsWith(folder, StringComparison.Ordinal)))
        {
            var lines = File.ReadAllLines(Repository.Absolute(file));
            for (var line = 0; line < lines.Length; line++)
            {
                if (Logging().Match(lines[line]) is { Success: true } logging)
                {
                    var place = $"{file}:{line + 1}";
                    Assert.True(logging.Groups["id"].Success, $"{place} does not give the event's ID first, on the same line.");
                    yield return (int.Parse(logging.Groups["id"].Value), place);
                }
            }
        }
    }

    [GeneratedRegex(@"\[LoggerMessage\b(\((EventId = )?(?<id>\d+),)?")]
    private static partial Regex Logging();
}
