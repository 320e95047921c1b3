using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0014.</summary>
public sealed class LeaseTests
{
    private const string Discarded = "is discarded, and can never be ended";
    private const string NotEverywhere = "is not ended on every way out of the method";
    private const string ByException = "is not ended on a way out of the method by an exception";

    [Theory]
    [InlineData("{|NUB0014:host.Enter()|};", Discarded)]
    [InlineData("_ = {|NUB0014:host.Enter()|};", Discarded)]
    [InlineData("{|NUB0014:guest.EnterGuest()|};", Discarded)]
    [InlineData("_ = {|NUB0014:host.Enter()|}.Read<uint>(offset);", Discarded)]
    [InlineData("_ = {|NUB0014:host.Enter()|}.Size;", Discarded)]
    [InlineData("_ = Marked.At({|NUB0014:host.Enter()|}, offset).A;", Discarded)]
    [InlineData("_ = {|NUB0014:guest.EnterGuest()|} == default;", Discarded)]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; _ = access.Read<uint>(0);", NotEverywhere)]
    [InlineData("GuestLease lease = {|NUB0014:guest.EnterGuest()|}; GuestLease same = lease; _ = same;", NotEverywhere)]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; if (flag) { return; } access.Dispose();", NotEverywhere)]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; if (flag) { access.Dispose(); }", NotEverywhere)]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; switch (offset) { case 0: access.Dispose(); break; case 1: break; default: access.Dispose(); return; }", NotEverywhere)]
    [InlineData("for (int i = 0; i < 3; i++) { HostLease access = {|NUB0014:host.Enter()|}; if (flag) { continue; } access.Dispose(); }", NotEverywhere)]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; try { access.Write(0, 1); } catch (Exception) { return; } access.Dispose();", NotEverywhere)]
    [InlineData("HostLease access = host.Enter(); access.Dispose(); access = {|NUB0014:host.Enter()|};", NotEverywhere)]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; Lend(in access);", NotEverywhere)]
    [InlineData("IDisposable lease = {|NUB0014:guest.EnterGuest()|}; _ = lease;", NotEverywhere)]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; if (flag) { throw new InvalidOperationException(); } access.Dispose();", ByException)]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; try { access.Write(offset, 1); } finally { Console.WriteLine(); } access.Dispose();", ByException)]
    [InlineData("using var other = host.Clone(); HostLease access = {|NUB0014:host.Enter()|}; access.Write(offset, 1); access.Dispose();", ByException)]
    [InlineData("using var other = host.Clone(); HostLease access = {|NUB0014:host.Enter()|}; if (flag) { throw new InvalidOperationException(); } access.Dispose();", ByException)]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; access.Write(offset, 1); access.Dispose();", "is not ended when 'access.Write(offset, 1)' throws, which a guest can make it do")]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; _ = Marked.At(access, offset).A; access.Dispose();", "is not ended when 'Marked.At(access, offset)' throws, which a guest can make it do")]
    [InlineData("GuestLease lease = {|NUB0014:guest.EnterGuest()|}; host.CopyTo(offset, new byte[8]); lease.Dispose();", "is not ended when 'host.CopyTo(offset, new byte[8])' throws, which a guest can make it do")]
    [InlineData("GuestLease lease = {|NUB0014:guest.EnterGuest()|}; _ = host.StackAt(0, 64).Pop(); lease.Dispose();", "is not ended when 'host.StackAt(0, 64).Pop()' throws, which a guest can make it do")]
    [InlineData("GuestAddressLease access = {|NUB0014:space.Enter()|}; _ = access.Read<uint>(offset); access.Dispose();", "is not ended when 'access.Read<uint>(offset)' throws, which a guest can make it do")]
    [InlineData("GuestAddressLease access = {|NUB0014:space.Enter()|}; space.Write(offset, 4u); access.Dispose();", "is not ended when 'space.Write(offset, 4u)' throws, which a guest can make it do")]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; _ = SharedArrayView.At<ushort>(access, 0x100, offset); access.Dispose();", "is not ended when 'SharedArrayView.At<ushort>(access, 0x100, offset)' throws, which a guest can make it do")]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; _ = Marked.ArrayAt(access, 0x100, (int)offset).Count; access.Dispose();", "is not ended when 'Marked.ArrayAt(access, 0x100, (int)offset)' throws, which a guest can make it do")]
    [InlineData("HostLease access = {|NUB0014:host.Enter()|}; access.Fill(0, access.Read<uint>(8), 0); access.Dispose();", "is not ended when 'access.Fill(0, access.Read<uint>(8), 0)' throws, which a guest can make it do")]
    [InlineData("void Local() { HostLease access = {|NUB0014:host.Enter()|}; _ = access; } Local();", NotEverywhere)]
    [InlineData("Action lambda = () => { HostLease access = {|NUB0014:host.Enter()|}; _ = access; }; lambda();", NotEverywhere)]
    [InlineData("Action lambda = () => {|NUB0014:host.Enter()|}; lambda();", Discarded)]
    public async Task A_lease_that_somebody_begins_and_nobody_ends_is_reported(string statements, string what)
    {
        string[] messages = await Check(statements);
        Assert.Contains(what, Assert.Single(messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("using HostLease access = host.Enter(); access.Write(offset, 1);")]
    [InlineData("using var lease = guest.EnterGuest(); if (flag) { return; } throw new InvalidOperationException();")]
    [InlineData("using (host.Enter()) { host.Write(offset, 1); }")]
    [InlineData("using HostLease access = host.Enter(); using GuestLease lease = guest.EnterGuest(); if (flag) { return; } access.Write(offset, 1);")]
    [InlineData("using HostLease access = host.Enter(); using GuestLease lease = guest.EnterGuest();")]
    [InlineData("using GuestLease lease = guest.EnterGuest(); using HostLease access = host.Enter();")]
    [InlineData("using (HostLease access = host.Enter()) { access.Write(offset, 1); }")]
    [InlineData("host.Enter().Dispose();")]
    [InlineData("using var other = host.Clone(); HostLease access = host.Enter(); Console.WriteLine(access.Read<uint>(0)); access.Dispose(); Console.WriteLine();")]
    [InlineData("HostLease access = host.Enter(); try { access.Write(offset, 1); } finally { access.Dispose(); }")]
    [InlineData("HostLease access = host.Enter(); try { access.Write(offset, 1); } catch { access.Dispose(); throw; } access.Dispose();")]
    [InlineData("HostLease access = host.Enter(); access.Write(8, access.Read<uint>(0)); _ = access.TryRead(offset, out uint _); access.Dispose();")]
    [InlineData("HostLease access = host.Enter(); if (flag) { access.Dispose(); return; } access.Dispose();")]
    [InlineData("GuestAddressLease access = space.Enter(); _ = access.Read<uint>(0); _ = access.TryRead(offset, out uint _); access.Dispose();")]
    [InlineData("HostLease access = host.Enter(); _ = access.Contains(offset, 4) && space.Contains(offset, offset); access.Dispose();")]
    [InlineData("HostLease access = host.Enter(); access.Fill(0, access.Size, 0); access.Fill(0, (ulong)s_bytes.Length, 0); access.Fill(0, (ulong)(uint)s_bytes.Length, 0); access.Dispose();")]
    [InlineData("HostLease access = host.Enter(); _ = SharedArrayView.At<ushort>(access, 0x100, Count); access.Dispose();")]
    [InlineData("GuestLease lease = guest.EnterGuest(); GuestLease same = lease; same.Dispose();")]
    [InlineData("GuestLease lease; if (flag) { lease = guest.EnterGuest(); } else { lease = guest.EnterGuest(); } lease.Dispose();")]
    [InlineData("IDisposable lease = guest.EnterGuest(); lease.Dispose();")]
    [InlineData("GuestLease? lease = null; try { if (flag) { lease = guest.EnterGuest(); } } finally { lease?.Dispose(); }")]
    [InlineData("GuestLease? lease = flag ? guest.EnterGuest() : null; if (lease is not null) { lease.Value.Dispose(); }")]
    [InlineData("GuestLease? lease = flag ? guest.EnterGuest() : null; if (lease.HasValue) { lease.Value.Dispose(); }")]
    [InlineData("IDisposable? lease = flag ? guest.EnterGuest() : null; if (lease != null) { lease.Dispose(); }")]
    [InlineData("HostLease access = default; bool held = false; try { access = host.Enter(); held = true; } finally { if (held) { access.Dispose(); } }")]
    [InlineData("HostLease access = host.Enter(); while (true) { if (access.Read<byte>(0) != 0) { access.Dispose(); break; } }")]
    [InlineData("HostLease access = host.Enter(); while (true) { _ = access.Read<byte>(0); }")]
    public async Task A_lease_that_is_ended_on_every_way_is_not(string statements) => Assert.Empty(await Check(statements));

    [Theory]
    [InlineData("s_lease = guest.EnterGuest();")]
    [InlineData("GuestLease lease = guest.EnterGuest(); s_lease = lease;")]
    [InlineData("Take(guest.EnterGuest());")]
    [InlineData("HostLease access = host.Enter(); Take(access);")]
    [InlineData("List<GuestLease> leases = []; leases.Add(guest.EnterGuest());")]
    [InlineData("List<GuestLease> leases = [guest.EnterGuest()]; GuestLease[] array = { guest.EnterGuest() }; array[0] = guest.EnterGuest(); _ = leases;")]
    [InlineData("_ = new Owner(guest.EnterGuest());")]
    [InlineData("_ = new Owner(default) { Second = guest.EnterGuest() };")]
    [InlineData("GuestLease lease = guest.EnterGuest(); Action end = () => lease.Dispose(); end();")]
    [InlineData("GuestLease lease = guest.EnterGuest(); void End() => lease.Dispose(); End();")]
    [InlineData("GuestLease lease = default; Action begin = () => lease = guest.EnterGuest(); begin(); lease.Dispose();")]
    [InlineData("GuestLease Begin() => guest.EnterGuest(); Begin().Dispose();")]
    [InlineData("Func<GuestLease> begin = () => guest.EnterGuest(); begin().Dispose();")]
    [InlineData("Func<GuestLease> begin = guest.EnterGuest; begin().Dispose();")]
    [InlineData("(GuestLease, int) pair = (guest.EnterGuest(), 1); pair.Item1.Dispose();")]
    public async Task A_lease_that_somebody_else_owns_is_theirs(string statements) => Assert.Empty(await Check(statements));

    /// <summary>What throws begins no lease: a test of that has nothing to end.</summary>
    [Theory]
    [InlineData("Assert.Throws<SharedMemoryLockedException>(() => guest.EnterGuest());")]
    [InlineData("Assert.Throws<SharedMemoryLockedException>(() => host.Enter());")]
    [InlineData("Assert.Throws<SharedMemoryLockedException>(() => { host.Enter(); });")]
    [InlineData("Assert.Throws<SharedMemoryLockedException>(() => { _ = guest.EnterGuest(); });")]
    [InlineData("Assert.Throws<SharedMemoryLockedException>(delegate { guest.EnterGuest(); });")]
    [InlineData("Assert.Throws<SharedMemoryLockedException>((Action)(() => host.Enter()));")]
    [InlineData("Action enter = () => host.Enter(); Assert.Throws<SharedMemoryLockedException>(enter);")]
    [InlineData("Action enter; enter = () => host.Enter(); Assert.Throws<SharedMemoryLockedException>(enter);")]
    [InlineData("void Enter() => host.Enter(); Assert.Throws<SharedMemoryLockedException>(Enter);")]
    [InlineData("void Enter() { guest.EnterGuest(); } Assert.Throws<SharedMemoryLockedException>(Enter);")]
    [InlineData("Action enter = () => host.Enter(); enter.Should().Throw<SharedMemoryLockedException>();")]
    [InlineData("_ = Record.Exception(() => host.Enter());")]
    public async Task A_call_that_is_expected_to_throw_begins_no_lease(string statements) => Assert.Empty(await Check(statements));

    [Theory]
    [InlineData("Assert.Throws<SharedMemoryLockedException>(() => { {|NUB0014:host.Enter()|}; throw new InvalidOperationException(); });")]
    [InlineData("Assert.Throws<SharedMemoryLockedException>(() => { _ = {|NUB0014:host.Enter()|}.Size; });")]
    [InlineData("Action enter = () => {|NUB0014:host.Enter()|}; enter.Should(); Assert.Throws<Exception>(() => { });")]
    [InlineData("Action other = () => {|NUB0014:host.Enter()|}; Action enter = () => host.Enter(); Assert.Throws<Exception>(enter); other();")]
    [InlineData("Record.Run(() => {|NUB0014:guest.EnterGuest()|});")]
    public async Task What_a_delegate_does_besides_is_reported_as_ever(string statements) => Assert.Single(await Check(statements));

    [Fact]
    public async Task What_returns_a_lease_gives_it_away() =>
        await Markup.CheckAsync("""
            public ref struct Reader
            {
                private HostLease _access;
                public Reader(HostSharedMemory host) => _access = host.Enter();
                public static HostLease Begin(HostSharedMemory host)
                {
                    HostLease access = host.Enter();
                    try { access.Write(0, 1); return access; }
                    catch { access.Dispose(); throw; }
                }
                public static void Out(HostSharedMemory host, out HostLease access) => access = host.Enter();
                public static IEnumerable<GuestLease> All(GuestSharedMemory guest) { yield return guest.EnterGuest(); }
                public static bool Try(HostSharedMemory host, ref HostLease access) { access = host.Enter(); return true; }
                public void Dispose() => _access.Dispose();
            }
            public sealed class Other { public void Enter() { } public int EnterGuest() => 0; public void Run() { Enter(); EnterGuest(); } }
            """);

    private static Task<string[]> Check(string statements) => Markup.CheckAsync($$"""
        [AllValid] public partial struct Marked { public uint A; }
        public static class Assert { public static void Throws<T>(Action code) => code(); }
        public static class Record { public static Exception? Exception(Action code) { code(); return null; } public static void Run(Action code) => code(); }
        public static class Assertions { public static Assertion Should(this Action code) => new(); }
        public sealed class Assertion { public void Throw<T>() { } }
        public sealed class Owner(GuestLease first) { public GuestLease First => first; public GuestLease Second { get; set; } }
        public static class Test
        {
            private static GuestLease s_lease;
            private static void Take(GuestLease lease) => lease.Dispose();
            private static void Take(HostLease access) => access.Dispose();
            private static uint Lend(in HostLease access) => access.Read<uint>(0);
            public static GuestLease Kept => s_lease;
            private static readonly byte[] s_bytes = new byte[8];
            public static readonly ulong Count = 8;
            public static void Run(HostSharedMemory host, GuestSharedMemory guest, GuestAddressSpace space, ulong offset, bool flag)
            {
                _ = Lend(default);
                Take(default(GuestLease));
                {{statements}}
            }
        }
        """);
}
