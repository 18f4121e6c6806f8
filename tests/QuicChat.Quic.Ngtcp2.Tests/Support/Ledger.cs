using System.Net;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

/// <summary>Counts the bytes that a server got from each address and sent to it.</summary>
internal sealed class Ledger
{
    private readonly Dictionary<IPEndPoint, Account> _accounts = [];

    /// <summary>One address.</summary>
    public sealed class Account
    {
        public long Received { get; private set; }

        public long Sent { get; private set; }

        /// <summary>How many bytes more than three for each received had been sent at the worst time; not above 0 where an address is not validated (RFC 9000, section 8).</summary>
        public long WorstExcess { get; private set; } = long.MinValue;

        public void Receive(int bytes) => Received += bytes;

        public void Send(int bytes)
        {
            Sent += bytes;
            WorstExcess = Math.Max(WorstExcess, Sent - (3 * Received));
        }
    }

    public IReadOnlyCollection<IPEndPoint> Addresses => _accounts.Keys;

    public Account this[IPEndPoint address]
    {
        get
        {
            if (!_accounts.TryGetValue(address, out var account))
            {
                _accounts.Add(address, account = new Account());
            }

            return account;
        }
    }
}
