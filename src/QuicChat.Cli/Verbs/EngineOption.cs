using System.CommandLine;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Verbs;

/// <summary>The option that chooses a QUIC engine.</summary>
internal static class EngineOption
{
    /// <summary>Makes it.</summary>
    public static Option<QuicEngineKind> Create() => Choice.Of(
        "--engine",
        "ENGINE",
        "The QUIC engine: auto, ngtcp2 or system; auto unless given.",
        text => text switch
        {
            "auto" => QuicEngineKind.Auto,
            "ngtcp2" => QuicEngineKind.Ngtcp2,
            "system" => QuicEngineKind.System,
            _ => throw new FormatException($"'{text}' is not an engine: it is auto, ngtcp2 or system"),
        });
}
