namespace Nub.Memory.Tests;

[Collection(Alone.Name)]
public sealed class MeterTests
{
    private const string Meter = "Nub.Memory";

    [Fact]
    public void Mappings_and_their_bytes_are_counted_while_they_last()
    {
        Dictionary<string, long> before = Begin();
        var memory = new ExclusiveSharedMemory(3 * Pair.Page);
        (HostSharedMemory host, GuestSharedMemory guest) = memory.Build();
        using (host)
        {
            guest.Dispose();

            // One mapping, however many owners it has.
            Assert.Equal(new() { ["nub.memory.mappings"] = 1, ["nub.memory.mapped"] = 3 * (long)Pair.Page }, MeterReadings.Since(before, Meter));
        }

        Assert.Empty(MeterReadings.Since(before, Meter));
    }

    [Fact]
    public void Refusals_are_counted_each_by_its_kind()
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(0, 64);
        pair.Host.Write(0, ulong.MaxValue);
        using var space = new GuestAddressSpace();
        Dictionary<string, long> before = Begin();
        Assert.False(pair.Host.TryRead<int>(ulong.MaxValue, out _));
        Assert.Throws<SharedMemoryBoundsException>(() => pair.Host.Write(6000, 1));
        Assert.False(space.TryRead<int>(0, out _));
        Assert.Equal(new() { ["nub.memory.accesses.refused"] = 3 }, MeterReadings.Since(before, Meter));

        pair.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => pair.Host.Read<int>(0)));
        pair.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => pair.Host.Enter()));
        Assert.Equal(2, MeterReadings.Since(before, Meter)["nub.memory.accesses.locked_out"]);

        using (pair.Host.Enter())
        {
            Assert.Throws<SharedMemoryLockedException>(pair.Host.Zero);
            Assert.Throws<SharedMemoryLockedException>(() => pair.Host.WithExclusivity(static _ => { }, TimeSpan.FromSeconds(1)));
        }

        pair.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(pair.Host.Zero));
        Assert.False(stack.TryPop(new byte[8], out _));
        Assert.Throws<SharedStackException>(() => stack.Pop());
        Assert.Equal(
            new()
            {
                ["nub.memory.accesses.refused"] = 3,
                ["nub.memory.accesses.locked_out"] = 2,
                ["nub.memory.claims.lost"] = 3,
                ["nub.memory.stacks.refused"] = 2,
            },
            MeterReadings.Since(before, Meter));
    }

    [Fact]
    public void A_refusal_is_counted_once_in_whatever_form()
    {
        using var pair = new Pair();
        HostSharedMemory host = pair.Host;
        ulong end = host.Size;
        using var space = new GuestAddressSpace();
        space.Map(0, host, 0, end);
        host.Write(end - 4, 5);
        byte[] bytes = new byte[8];
        int[] numbers = new int[2];
        (string Name, Action Refused)[] forms =
        [
            ("At", () => MeteredMessage.At(host, end)), ("TryAt", () => MeteredMessage.TryAt(host, end, out _)),
            ("ArrayAt", () => MeteredMessage.ArrayAt(host, 4, end)), ("TryArrayAt", () => MeteredMessage.TryArrayAt(host, 4, end, out _)),
            ("TryTail of a field", () => MeteredMessage.At(host, end - 4).TryTail(8, out _)),
            ("leased TryTail", () => { using HostLease lease = host.Enter(); MeteredMessage.At(in lease, end - 4).TryTail(8, out _); }),
            ("leased At", () => { using HostLease lease = host.Enter(); MeteredMessage.At(in lease, end); }),
            ("leased TryAt", () => { using HostLease lease = host.Enter(); MeteredMessage.TryAt(in lease, end, out _); }),
            ("leased Read", () => { using HostLease lease = host.Enter(); lease.Read<int>(end); }),
            ("leased TryCopyTo", () => { using HostLease lease = host.Enter(); lease.TryCopyTo(end, bytes); }),
            ("ReadArray", () => host.ReadArray<int>(end - 4, numbers)), ("TryReadArray", () => host.TryReadArray<int>(end - 4, numbers)),
            ("WriteArray", () => host.WriteArray<int>(end - 4, numbers)), ("TryWriteArray", () => host.TryWriteArray<int>(end - 4, numbers)),
            ("Add", () => host.Add(end, 1)), ("TryAdd", () => host.TryAdd(end, 1, out _)),
            ("Fill", () => host.Fill(end, 1, 1)), ("CopyTo", () => host.CopyTo(end, bytes)), ("CopyFrom", () => host.CopyFrom(end, bytes)),
            ("guest Read", () => space.Read<int>(end)), ("guest TryRead", () => space.TryRead<int>(end, out _)),
            ("guest Write", () => space.Write(end, 1)), ("guest CopyTo", () => space.CopyTo(end, bytes)), ("guest TryCopyFrom", () => space.TryCopyFrom(end, bytes)),
            ("guest Fill", () => space.Fill(end, 1, 1)), ("guest ReadArray", () => space.ReadArray<int>(end - 4, numbers)), ("guest TryWriteArray", () => space.TryWriteArray<int>(end - 4, numbers)),
            ("guest Add", () => space.Add(end, 1)), ("guest TryAdd", () => space.TryAdd(end, 1, out _)), ("guest misaligned TryAdd", () => space.TryAdd(1, 1, out _)),
            ("guest At", () => MeteredMessage.At(space, end)), ("guest TryAt", () => MeteredMessage.TryAt(space, end, out _)),
            ("guest TryTail", () => MeteredMessage.At(space, end - 4).TryTail(8, out _)),
            ("guest ArrayAt", () => MeteredMessage.ArrayAt(space, 4, end)), ("guest TryArrayAt", () => MeteredMessage.TryArrayAt(space, 4, end, out _)),
            ("guest leased At", () => { using GuestAddressLease lease = space.Enter(); MeteredMessage.At(in lease, end); }),
            ("guest leased TryAt", () => { using GuestAddressLease lease = space.Enter(); MeteredMessage.TryAt(in lease, end, out _); }),
            ("guest leased Read", () => { using GuestAddressLease lease = space.Enter(); lease.Read<int>(end); }),
            ("guest leased TryWrite", () => { using GuestAddressLease lease = space.Enter(); lease.TryWrite(end, 1); }),
        ];
        var counted = new List<string>();
        foreach ((string name, Action refused) in forms)
        {
            Dictionary<string, long> before = Begin();
            _ = Record.Exception(refused);
            counted.Add($"{name}: {string.Join(", ", MeterReadings.Since(before, Meter).Select(static one => $"{one.Value} {one.Key}"))}");
        }

        Assert.Equal(forms.Select(static form => $"{form.Name}: 1 nub.memory.accesses.refused"), counted);
    }

    [SkippableFact]
    public unsafe void Faults_are_counted()
    {
        Skip.IfNot(RecoveringAccess.IsSupported(out string? whyNot), whyNot);
        using var file = new ShrinkingFile(2 * Pair.Page);
        using HostSharedMemory memory = HostSharedMemory.Open(file.Handle, 0, 2 * Pair.Page, allowUnsealed: true);
        file.Shorten(Pair.Page);
        Dictionary<string, long> before = Begin();
        byte[] bytes = new byte[8192];
        int expected = 0;
        foreach (Func<bool> touch in (Func<bool>[])
            [
                () => memory.TryRead<byte>(Pair.Page, out _), () => memory.TryRead<short>(Pair.Page, out _), () => memory.TryRead<int>(Pair.Page, out _), () => memory.TryRead<long>(Pair.Page, out _),
                () => memory.TryWrite<byte>(Pair.Page, 1), () => memory.TryWrite<short>(Pair.Page, 1), () => memory.TryWrite(Pair.Page, 1), () => memory.TryWrite(Pair.Page, 1L),
                () => memory.TryCopyTo(Pair.Page, bytes.AsSpan(0, 64)), () => memory.TryCopyTo(0, bytes), () => memory.TryCopyFrom(Pair.Page, bytes.AsSpan(0, 64)), () => memory.TryFill(Pair.Page, 64, 1),
                () => memory.TryAdd(Pair.Page, 1, out _), () => memory.TryOr(Pair.Page, 1L, out _), () => memory.TryCompareExchange(Pair.Page, 1, 0, out _),
                () => memory.TryExchange(Pair.Page, 1L, out _),
            ])
        {
            Assert.False(touch());
            expected++;
            Assert.Equal(new() { ["nub.memory.faults.survived"] = expected, ["nub.memory.accesses.refused"] = expected }, MeterReadings.Since(before, Meter));
        }
    }

    [Fact]
    public void A_memory_that_is_leaked_is_counted_and_stays_mapped()
    {
        Dictionary<string, long> before = Begin();
        Abandon();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(new() { ["nub.memory.leaked"] = 1, ["nub.memory.mappings"] = 1, ["nub.memory.mapped"] = (long)Pair.Page }, MeterReadings.Since(before, Meter));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Abandon()
        {
#pragma warning disable CA2000, NUB0012 // To be abandoned, with a span handed out, is what this is about.
            _ = new ExclusiveSharedMemory(Pair.Page).AsSpan(0, 1);
#pragma warning restore CA2000, NUB0012
        }
    }

    [Fact]
    public void A_memory_of_several_owners_is_leaked_once()
    {
        Dictionary<string, long> before = Begin();
        Abandon();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(1, MeterReadings.Since(before, Meter)["nub.memory.leaked"]);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Abandon()
        {
#pragma warning disable CA2000, NUB0012 // To be abandoned, with a span handed out, is what this is about.
            ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromBytes(new byte[Pair.Page]);
            _ = memory.Clone();
            _ = memory.AsSpan(0, 1);
#pragma warning restore CA2000, NUB0012
        }
    }

    // What earlier tests left to the finalizers is gone before the first reading.
    private static Dictionary<string, long> Begin()
    {
        new ExclusiveSharedMemory(Pair.Page).Dispose();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return MeterReadings.Of(Meter);
    }
}

[AllValid, Tail<uint>(nameof(Count))]
internal partial struct MeteredMessage
{
    public uint Count;
}
