using QuicChat.Quic.Conformance.Tests.Support;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>What holds for all engines alike; each test runs once an engine.</summary>
public abstract class Conformance
{
    protected Conformance(TestEngine engine)
    {
        engine.Require();
        Engine = engine;
    }

    protected TestEngine Engine { get; }
}
