using Nub.Memory.CodeFixes;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Fixes;

/// <summary>The fix of NUB0014.</summary>
public sealed class UsingLeaseFixTests
{
    [Fact]
    public Task A_lease_is_kept_in_a_using_declaration() => Fixing.CheckAsync<UsingLeaseFix>(
        """
        public static class Test
        {
            public static uint Run(HostSharedMemory host, GuestSharedMemory guest, ulong offset)
            {
                // All of it.
                HostLease access = host.Enter();
                guest.EnterGuest();
                if (offset == 0)
                {
                    access.Dispose();
                    return 0;
                }

                _ = guest.EnterGuest(); // again
                uint first = host.Enter().Read<uint>(0);
                uint sum = first + access.Read<uint>(offset) + Lend(host.Enter());
                access.Dispose();
                return sum;
            }

            private static uint Lend(in HostLease access) => access.Read<uint>(8);
        }
        """,
        """
        public static class Test
        {
            public static uint Run(HostSharedMemory host, GuestSharedMemory guest, ulong offset)
            {
                // All of it.
                using HostLease access = host.Enter();
                using GuestLease lease = guest.EnterGuest();
                if (offset == 0)
                {
                    return 0;
                }

                using GuestLease lease2 = guest.EnterGuest(); // again
                using HostLease access2 = host.Enter();
                uint first = access2.Read<uint>(0);
                using HostLease access3 = host.Enter();
                uint sum = first + access.Read<uint>(offset) + Lend(access3);
                return sum;
            }

            private static uint Lend(in HostLease access) => access.Read<uint>(8);
        }
        """);

    [Theory]
    [InlineData("HostLease access = host.Enter(); access = host.Enter(); access.Dispose();")]
    [InlineData("HostLease access = host.Enter(); if (offset == 0) access.Dispose();")]
    [InlineData("Action lambda = () => host.Enter(); lambda();")]
    [InlineData("switch (offset) { case 0: host.Enter(); break; }")]
    [InlineData("HostLease a = host.Enter(), b = default; _ = b; _ = a;")]
    public async Task Where_a_declaration_would_not_do_a_person_has_to_look(string statements) =>
        Assert.Empty(await Fixing.TitlesAsync<UsingLeaseFix>(Source(statements)));

    /// <summary>Who gets the lease would get one that has ended.</summary>
    [Theory]
    [InlineData("HostLease Local() { HostLease a = host.Enter(); if (offset == 0) { return default; } return a; } Local().Dispose();")]
    [InlineData("HostLease a = host.Enter(); if (offset == 0) { return; } Take(a);")]
    [InlineData("HostLease a = host.Enter(); HostLease b = a; if (offset == 0) { return; } b.Dispose();")]
    [InlineData("GuestLease a = guest.EnterGuest(); if (offset == 0) { return; } List<GuestLease> all = [a]; all[0].Dispose();")]
    [InlineData("GuestLease a = guest.EnterGuest(); if (offset == 0) { return; } (GuestLease, int) pair = (a, 1); pair.Item1.Dispose();")]
    [InlineData("GuestLease a = guest.EnterGuest(); if (offset == 0) { return; } using (a) { }")]
    [InlineData("GuestLease? a = guest.EnterGuest(); if (offset == 0) { return; } a.Value.Dispose();")]
    [InlineData("GuestLease Local() { GuestLease a = guest.EnterGuest(); if (offset == 0) { throw new InvalidOperationException(); } return a; } Local().Dispose();")]
    [InlineData("Marked.View Local() { HostLease a = host.Enter(); return Marked.At(a, 8); } _ = Local();")]
    [InlineData("Marked.View Local() { return Marked.At(host.Enter(), 8); } _ = Local();")]
    public async Task A_lease_that_somebody_gets_is_left_to_a_person(string statements) =>
        Assert.Empty(await Fixing.TitlesAsync<UsingLeaseFix>(Source(statements)));

    /// <summary>With a declaration the lease would be open for longer, and in the way of what is done then.</summary>
    [Theory]
    [InlineData("HostLease a = host.Enter(); _ = a.Read<uint>(offset); a.Dispose(); Restore(host);")]
    [InlineData("HostLease a = host.Enter(); if (a.Read<uint>(offset) == 0) { a.Dispose(); } else { a.Dispose(); } Restore(host);")]
    [InlineData("bool Local() { HostLease a = host.Enter(); _ = a.Read<uint>(offset); a.Dispose(); return Restore(host); } Local();")]
    [InlineData("HostLease a = host.Enter(); try { _ = a.Read<uint>(0); if (offset == 0) { throw new Exception(); } a.Dispose(); return; } finally { Restore(host); }")]
    [InlineData("HostLease a = host.Enter(); for (int i = 0; i < 2; i++) { if (a.Read<uint>(offset) == 0) { a.Dispose(); break; } } Restore(host);")]
    [InlineData("HostLease a = host.Enter(); _ = a.Read<uint>(offset); a.Dispose(); GC.Collect(); return;")]
    public async Task What_is_done_after_the_lease_stays_after_it(string statements) =>
        Assert.Empty(await Fixing.TitlesAsync<UsingLeaseFix>(Source(statements)));

    [Theory]
    [InlineData("_ = offset == 0 || host.Enter().Read<uint>(0) == 0;")]
    [InlineData("while (host.Enter().Read<uint>(0) == 0) { }")]
    [InlineData("_ = Find(out HostSharedMemory found) & found.Enter().Read<uint>(0) == 0;")]
    [InlineData("_ = Restore(host) & host.Enter().Read<uint>(0) == 0;")]
    [InlineData("uint Local() => host.Enter().Read<uint>(0); Local();")]
    [InlineData("_ = Wrapped?.Host.Enter().Size;")]
    [InlineData("async Task Local() { host.Enter(); await Task.Yield(); } _ = Local();")]
    [InlineData("if (offset == 0) { goto end; } host.Enter(); end: return;")]
    public async Task Where_the_lease_would_begin_elsewhere_a_person_has_to_look(string statements) =>
        Assert.Empty(await Fixing.TitlesAsync<UsingLeaseFix>(Source(statements)));

    [Fact]
    public Task Ways_out_keep_what_they_return() => Fixing.CheckAsync<UsingLeaseFix>(
        Source("""
            uint Local()
                    {
                        HostLease a = host.Enter();
                        while (true)
                        {
                            uint next = a.Read<uint>(offset);
                            if (next == 0)
                            {
                                a.Dispose();
                                throw new InvalidOperationException("zero");
                            }

                            try
                            {
                                offset = a.Read<ulong>(offset);
                            }
                            catch (SharedMemoryBoundsException)
                            {
                                a.Dispose();
                                throw;
                            }

                            if (next > 4)
                            {
                                a.Dispose();
                                return (uint)offset + next;
                            }
                        }
                    }

                    Local();
            """.Trim()),
        Source("""
            uint Local()
                    {
                        using HostLease a = host.Enter();
                        while (true)
                        {
                            uint next = a.Read<uint>(offset);
                            if (next == 0)
                            {
                                throw new InvalidOperationException("zero");
                            }

                            try
                            {
                                offset = a.Read<ulong>(offset);
                            }
                            catch (SharedMemoryBoundsException)
                            {
                                throw;
                            }

                            if (next > 4)
                            {
                                return (uint)offset + next;
                            }
                        }
                    }

                    Local();
            """.Trim()));

    [Fact]
    public Task A_comment_and_a_directive_stay_once() => Fixing.CheckAsync<UsingLeaseFix>(
        """
        public static class Test
        {
            public static uint Run(HostSharedMemory host)
            {
                #region Reads
                // The first two.
                uint sum = host.Enter().Read<uint>(0) + host.Enter().Read<uint>(4);
                #endregion
                // Written.
                host.Enter().Write(0, sum);
                return sum + host.Enter().Read<uint>(8); // the last
            }
        }
        """,
        """
        public static class Test
        {
            public static uint Run(HostSharedMemory host)
            {
                #region Reads
                // The first two.
                using HostLease access = host.Enter();
                using HostLease access2 = host.Enter();
                uint sum = access.Read<uint>(0) + access2.Read<uint>(4);
                #endregion
                // Written.
                using HostLease access3 = host.Enter();
                access3.Write(0, sum);
                using HostLease access4 = host.Enter();
                return sum + access4.Read<uint>(8); // the last
            }
        }
        """);

    [Fact]
    public Task A_lease_takes_no_name_that_is_in_use() => Fixing.CheckAsync<UsingLeaseFix>(
        """
        public static class Test
        {
            public static int Run(HostSharedMemory host, GuestSharedMemory guest)
            {
                int access = 1;
                host.Enter();
                host.Enter();
                guest.EnterGuest();
                if (access == 1)
                {
                    int lease = 3;
                    guest.EnterGuest();
                    return lease;
                }

                return access;
            }
        }
        """,
        """
        public static class Test
        {
            public static int Run(HostSharedMemory host, GuestSharedMemory guest)
            {
                int access = 1;
                using HostLease access2 = host.Enter();
                using HostLease access3 = host.Enter();
                using GuestLease lease2 = guest.EnterGuest();
                if (access == 1)
                {
                    int lease = 3;
                    using GuestLease lease3 = guest.EnterGuest();
                    return lease;
                }

                return access;
            }
        }
        """);

    [Fact]
    public Task A_program_of_statements_gets_declarations_too() => Fixing.CheckAsync<UsingLeaseFix>(
        """
        using HostSharedMemory host = new ExclusiveSharedMemory(4096).Build().Host;
        HostLease access = host.Enter();
        uint at = access.Read<uint>(0);
        if (at == 0)
        {
            access.Dispose();
            return 1;
        }

        uint value = access.Read<uint>(at) + host.Enter().Read<uint>(8);
        access.Dispose();
        return (int)value;
        """,
        """
        using HostSharedMemory host = new ExclusiveSharedMemory(4096).Build().Host;
        using HostLease access = host.Enter();
        uint at = access.Read<uint>(0);
        if (at == 0)
        {
            return 1;
        }

        using HostLease access2 = host.Enter();

        uint value = access.Read<uint>(at) + access2.Read<uint>(8);
        return (int)value;
        """);

    private static string Source(string statements) => $$"""
        using System.Threading.Tasks;
        [AllValid] public partial struct Marked { public uint A; }
        public static class Test
        {
            private static Holder? Wrapped => null;
            public static void Run(HostSharedMemory host, GuestSharedMemory guest, ulong offset)
            {
                {{statements}}
            }

            private static void Take(HostLease access) => access.Dispose();
            private static bool Restore(HostSharedMemory host) => host.Size > 0;
            private static bool Find(out HostSharedMemory found) { found = null!; return true; }
            private sealed class Holder { public HostSharedMemory Host => null!; }
        }
        """;
}
