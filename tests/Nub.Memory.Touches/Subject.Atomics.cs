namespace Nub.Memory.Touches;

// Atomics of every kind, alone, under a lease and by guest address; and arrays of values.
internal sealed partial class Subject
{
    private const ulong Place256 = 256;

    private IEnumerable<Case> Atomics() =>
    [
        .. Atomics<int>(5, 0, 1), .. Atomics<uint>(5, 0, 1), .. Atomics<long>(5, 0, 1), .. Atomics<ulong>(5, 0, 1),
    ];

    private unsafe IEnumerable<Case> Atomics<[AllValid] T>(T value, T zero, T one) where T : unmanaged
    {
        Bytes[] bytes = [new((int)Place256, sizeof(T))];
        void Zero() => _host.Write(Place256, 0UL);
        Case Of(string name, Action run) => new($"{name} of {typeof(T).Name}", _host, bytes, bytes, run, Zero);

        // x64 has no instruction that changes bits and tells what was there: a load guesses, and the exchange that finds the guess right is the access.
        Case OfBits(string name, Action run) => new($"{name} of {typeof(T).Name}", _host, [.. bytes, .. bytes], bytes, run, Zero);
        return
        [
            Of("Exchange", () => _host.Exchange(Place256, value)),
            Of("Add", () => _host.Add(Place256, value)),
            OfBits("And", () => _host.And(Place256, value)),
            OfBits("Or", () => _host.Or(Place256, value)),
            Of("CompareExchange that exchanges", () => _host.CompareExchange(Place256, value, zero)),
            Of("CompareExchange that does not", () => _host.CompareExchange(Place256, value, one)),
            Of("TryExchange", () => _done = _host.TryExchange(Place256, value, out _)),
            Of("TryAdd", () => _done = _host.TryAdd(Place256, value, out _)),
            OfBits("TryAnd", () => _done = _host.TryAnd(Place256, value, out _)),
            OfBits("TryOr", () => _done = _host.TryOr(Place256, value, out _)),
            Of("TryCompareExchange that exchanges", () => _done = _host.TryCompareExchange(Place256, value, zero, out _)),
            Of("TryCompareExchange that does not", () => _done = _host.TryCompareExchange(Place256, value, one, out _)),
            Of("lease.Exchange", () =>
            {
                using HostLease lease = _host.Enter();
                lease.Exchange(Place256, value);
            }),
            Of("lease.Add", () =>
            {
                using HostLease lease = _host.Enter();
                lease.Add(Place256, value);
            }),
            OfBits("lease.And", () =>
            {
                using HostLease lease = _host.Enter();
                lease.And(Place256, value);
            }),
            OfBits("lease.Or", () =>
            {
                using HostLease lease = _host.Enter();
                lease.Or(Place256, value);
            }),
            Of("lease.CompareExchange that exchanges", () =>
            {
                using HostLease lease = _host.Enter();
                lease.CompareExchange(Place256, value, zero);
            }),
            Of("lease.TryCompareExchange that does not", () =>
            {
                using HostLease lease = _host.Enter();
                _done = lease.TryCompareExchange(Place256, value, one, out _);
            }),
            Of("lease.TryAdd", () =>
            {
                using HostLease lease = _host.Enter();
                _done = lease.TryAdd(Place256, value, out _);
            }),
            Of("space.Add", () => _space.Add(Place256, value)),
            OfBits("space.TryOr", () => _done = _space.TryOr(Place256, value, out _)),
            Of("space.CompareExchange that does not", () => _space.CompareExchange(Place256, value, one)),
        ];
    }

    private IEnumerable<Case> Arrays(Func<int, bool> wanted)
    {
        foreach (int count in (int[])[0, 1, 3, 8, 65])
        {
            foreach (int offset in s_offsets)
            {
                if (!wanted(count))
                {
                    continue;
                }

                ulong at = (ulong)offset;
                var numbers = new ushort[count];
                var wires = new Wire[count];
                yield return new($"ReadArray of {count} ushort at {offset}", _host, [new(offset, 2 * count)], [], () => _host.ReadArray(at, numbers.AsSpan()));
                yield return new($"WriteArray of {count} ushort at {offset}", _host, [], [new(offset, 2 * count)], () => _host.WriteArray<ushort>(at, numbers));
                yield return new($"ReadArray of {count} Wire at {offset}", _host, [new(offset, 16 * count)], [], () => _host.ReadArray(at, wires.AsSpan()));
                yield return new($"WriteArray of {count} Wire at {offset}", _host, [], [new(offset, 16 * count)], () => _host.WriteArray<Wire>(at, wires));
            }
        }
    }
}
