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
        Assert.Empty(await Fixing.TitlesAsync<UsingLeaseFix>($$"""
            public static class Test { public static void Run(HostSharedMemory host, ulong offset) { {{statements}} } }
            """));
}
