using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

// A client moves to another local address (RFC 9000, section 9.2): the new path is validated first, and used from then on. Until then the old one carries all.
internal sealed unsafe partial class ConnectionCore
{
    // ngtcp2 sends two challenges at once, two more after a second, and gives up after three. Where some packets are lost, a path that works may
    // fail once.
    private const int MaxTries = 2;

    // Of the connection IDs that the server has retired, those that it has not been given another for. With more, it may have none left to answer a
    // new path with.
    private const int MaxRetired = 2;

    private readonly List<(FourTuple VirtualPath, bool Succeeded)> _probed = [];
    private Move? _move;

    private sealed class Move(FourTuple real, TimeSpan latest, Action<Exception?> completed)
    {
        public FourTuple Real { get; } = real;

        /// <summary>Until when it may wait for connection IDs, or be tried again.</summary>
        public TimeSpan Latest { get; } = latest;

        public Action<Exception?> Completed { get; } = completed;

        /// <summary>How often it may still be tried.</summary>
        public int TriesLeft { get; set; } = MaxTries;

        /// <summary>The path as ngtcp2 validates it; none while there is no connection ID for it.</summary>
        public FourTuple? Virtual { get; set; }
    }

    /// <summary>Moves to another path, in place of a move under way.</summary>
    /// <param name="real">The path.</param>
    /// <param name="completed">Told how it ended: <see langword="null"/> where the connection uses the path now.</param>
    /// <returns>Whether it begins; not where the connection has ended.</returns>
    public bool BeginMove(FourTuple real, Action<Exception?> completed)
    {
        EndMove(new PathValidationException("Another migration was begun before this one was over."));
        if (_connection == 0)
        {
            return false;
        }

        _move = new Move(real, _now.Elapsed + _migrationTimeout, completed);
        TryMove(_move);
        return true;
    }

    // Either end has to give the other new connection IDs; after several moves in a row they may still be on their way.
    private void TryMove(Move move)
    {
        if (move.Virtual is not null || _ownIds.Count(own => own.IsRetired) > MaxRetired)
        {
            return;
        }

        var path = _virtualizer.ToVirtual(move.Real);
        _virtualizer.Keep();
        var native = new NativePath(path);
        switch (Interop.Ngtcp2.InitiateMigration(_connection, native.Pointer(&native), Nanoseconds(_now)))
        {
            case 0:
                // The end of a validation that this one takes the place of, perhaps of the same path.
                _probed.Clear();
                move.Virtual = path;
                break;
            case Interop.Ngtcp2.ErrorConnectionIdBlocked:
                break;
            case Interop.Ngtcp2.ErrorInvalidState:
                EndMove(new InvalidOperationException(
                    Interop.Ngtcp2.GetRemoteTransportParameters(_connection) is var parameters && parameters != null && parameters->DisableActiveMigration != 0
                        ? "The server forbids migration (disable_active_migration, RFC 9000, section 18.2)."
                        : "The handshake is not confirmed yet; a connection migrates only after that (RFC 9000, section 9). Try again in a moment."));
                break;
            case var error:
                EndMove(new InvalidOperationException($"The connection cannot migrate: {Interop.Ngtcp2.Describe(error)}."));
                break;
        }
    }

    // ngtcp2 gives a path up in writes and time-outs, too.
    private void ContinueMove()
    {
        while (_probed.Count > 0)
        {
            var (virtualPath, succeeded) = _probed[0];
            _probed.RemoveAt(0);
            NoteProbed(virtualPath, succeeded);
        }

        if (_move is not { } move || _connection == 0)
        {
            return;
        }

        TryMove(move);
        if (_move is { Virtual: null } && _now.Elapsed >= move.Latest)
        {
            EndMove(new PathValidationException("The server has given no connection ID for a new path."));
        }
    }

    private void NoteProbed(FourTuple virtualPath, bool succeeded)
    {
        if (_move is not { } move || move.Virtual != virtualPath)
        {
            return;
        }

        if (succeeded)
        {
            NotePath();
            _virtualizer.SetValidated(virtualPath);
            _validated = move.Real;
            _events.Enqueue(new ConnectionEvent.Moved(move.Real.ToPath()));
            EndMove(null);
        }
        else if (--move.TriesLeft > 0 && _now.Elapsed < move.Latest)
        {
            move.Virtual = null;
        }
        else
        {
            EndMove(new PathValidationException($"No answer came by the path from {move.Real.Local} to {move.Real.Remote}; the connection stays where it is."));
        }
    }

    private void EndMove(Exception? error)
    {
        if (_move is { } move)
        {
            _move = null;
            move.Completed(error);
        }
    }
}
