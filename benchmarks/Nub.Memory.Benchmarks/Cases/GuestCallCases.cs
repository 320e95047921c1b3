using GuestCall;
using GuestCall.Backends;
using Nub.Kvm;

namespace Nub.Memory.Benchmarks;

/// <summary>
/// Restore, call, restore, call: the guest of samples/GuestCall, brought back before each call as hosts do that serve one caller after another. Beside it the call
/// alone, and the call with a copy of the pages that it writes, without which nothing can be brought back.
/// </summary>
internal static class GuestCallCases
{
    private const string CallAlone = "call alone";
    private const string CallAndCopy = "call and copy its pages";
    private const string WithState = "the same and RestoreState";
    private const int Page = 4096;
    private const int Payload = 64;

    private static readonly byte[] s_payload = [.. Enumerable.Range(0, Payload).Select(i => (byte)i)];

    public static IEnumerable<Contest> All()
    {
        if (!KvmSystem.IsSupported(out _) || !PageScan.IsSupported)
        {
            yield break;
        }

        // Memory alone is enough for this guest: between calls it has nothing in registers.
        yield return Restoring("memory", static world => world.Host.Restore(), static _ => { }, CallAndCopy);
        yield return Restoring("whole machine", static world => world.Machine.Restore(world.Snapshot), static world => world.Machine.RestoreState(world.Snapshot.State), WithState);
    }

    private static Contest Restoring(string what, Action<World> restore, Action<World> restoreState, string peer)
    {
        World restored = new(), alone = new(), copied = new();
        (ulong Offset, byte[] Bytes)[] written = copied.PagesOfACall();
        return new Contest("restore", $"restore {what}, call a guest ({written.Length} pages)",
            new Side("Nub", times =>
            {
                for (int i = 0; i < times; i++)
                {
                    restore(restored);
                    restored.Call();
                }
            }),
            [
                new Side(CallAlone, times =>
                {
                    for (int i = 0; i < times; i++)
                    {
                        alone.Call();
                    }
                }),
                new Side(CallAndCopy, times => CopyAndCall(copied, written, static _ => { }, times)),
                .. peer == CallAndCopy ? (Side[])[] : [new Side(peer, times => CopyAndCall(copied, written, restoreState, times))],
            ],
            [new Limit(peer, 1.1)]);
    }

    private static void CopyAndCall(World world, (ulong Offset, byte[] Bytes)[] written, Action<World> restoreState, int times)
    {
        for (int i = 0; i < times; i++)
        {
            foreach ((ulong offset, byte[] bytes) in written)
            {
                world.Host.CopyFrom(offset, bytes);
            }

            restoreState(world);
            world.Call();
        }
    }

    /// <summary>A guest that has served a call and of which a snapshot was taken.</summary>
    private sealed class World
    {
        private readonly HostCaller _caller;

        public World()
        {
            (Host, GuestSharedMemory memory) = GuestImage.Create();
            var guest = new KvmGuest(memory);
            Machine = guest.Machine;
            _caller = new HostCaller(Host, guest);
            Call();
            Snapshot = Machine.TakeSnapshot();
        }

        public HostSharedMemory Host { get; }

        public VirtualMachine Machine { get; }

        public MachineSnapshot Snapshot { get; }

        public void Call() => _caller.Call(s_payload, key: 7, flags: 0);

        /// <summary>The pages that a call writes, by the guest and by the host, as they are before it.</summary>
        public (ulong Offset, byte[] Bytes)[] PagesOfACall()
        {
            Call();
            ulong[] pages = PageScan.CopiesOf(Host);
            Host.Restore();
            return [.. pages.Select(page =>
            {
                byte[] bytes = new byte[Page];
                Host.CopyTo(page, bytes);
                return (page, bytes);
            })];
        }
    }
}
