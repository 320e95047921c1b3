using GuestCall.Protocol;
using Nub.Memory;

namespace GuestCall;

/// <summary>An attack, and how the host refused it.</summary>
internal sealed record RefusedAttack(Attack Attack, SharedStackException Refusal);

/// <summary>The two phases of the sample: many honest calls, then every attack there is.</summary>
internal sealed class Session(HostCaller caller)
{
    // Seeded, so that a call that fails today fails tomorrow.
    private readonly Random _random = new(20_251);
    private readonly byte[] _payload = new byte[GuestMap.MaxPayload];

    /// <summary>The latency of every call of the honest phase.</summary>
    public LatencyHistogram Latencies { get; } = new();

    /// <summary>Makes calls with payloads of all sizes, and verifies each answer.</summary>
    /// <param name="count">The number of calls.</param>
    /// <param name="verified">Told after each how many there were.</param>
    public void MakeCalls(int count, Action<int> verified)
    {
        for (int call = 1; call <= count; call++)
        {
            Latencies.Add(CallOnce(Attack.Honest));
            verified(call);
        }
    }

    /// <summary>Lets the guest attack in every way it knows; each must be refused, and the call after it must work.</summary>
    public IReadOnlyList<RefusedAttack> ProvokeAttacks()
    {
        var refused = new List<RefusedAttack>();
        foreach (Attack attack in Attack.All)
        {
            refused.Add(new RefusedAttack(attack, Provoke(attack)));
            caller.Recover();
            CallOnce(Attack.Honest);
        }

        return refused;
    }

    private SharedStackException Provoke(Attack attack)
    {
        try
        {
            CallOnce(attack.Kind);

            // The input buffer is judged when it is next used.
            CallOnce(Attack.Honest);
        }
        catch (SharedStackException refusal) when (refusal.Error == attack.Expected)
        {
            return refusal;
        }

        throw new GuestMisbehavedException($"Attack {attack.Kind} ({attack.What}) was not refused.");
    }

    private TimeSpan CallOnce(ushort kind)
    {
        Span<byte> payload = _payload.AsSpan(0, NextLength());
        _random.NextBytes(payload);
        byte key = (byte)_random.Next(256);
        byte flags = _random.Next(2) == 0 ? (byte)0 : RequestHeader.Reverse;
        return caller.Call(payload, key, flags, kind);
    }

    /// <summary>Of every size, the small ones and the edges no less often than the large ones.</summary>
    private int NextLength() => _random.Next(8) switch
    {
        0 => _random.Next(17),
        1 => GuestMap.MaxPayload - _random.Next(2),
        < 5 => _random.Next(512),
        _ => _random.Next(GuestMap.MaxPayload + 1),
    };
}
