using System.Runtime.CompilerServices;

namespace Nub.Memory.Benchmarks;

/// <summary>The message stack: a push and a pop of the same element.</summary>
internal static class StackCases
{
    private const ulong BufferSize = 64 << 10;

    public static IEnumerable<Contest> All(Arena arena)
    {
        foreach (int size in (int[])[16, 256, 4096])
        {
            byte[] message = new byte[size];
            byte[] popped = new byte[size];
            yield return new Contest("stack", $"Push and Pop {BulkCases.Words(size)}",
                new Side("Nub", times => PushAndPop(arena.Host.StackAt(0, BufferSize), message, times)),
                arena.With(seed => seed.PushAndPop(0, BufferSize, arena.BufferAddress, size),
                    new Side("Nub, TryPop(span)", times => TryPushAndPop(arena.Host.StackAt(0, BufferSize), message, popped, times))),
                size == 16 ? [new Limit(SeedPeer.Name, 0.35)] : []);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void PushAndPop(SharedStack stack, byte[] message, int times)
    {
        stack.Reset();
        for (int i = 0; i < times; i++)
        {
            stack.Push(message);
            GC.KeepAlive(stack.Pop());
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TryPushAndPop(SharedStack stack, byte[] message, byte[] popped, int times)
    {
        stack.Reset();
        for (int i = 0; i < times; i++)
        {
            if (!stack.TryPush(message) || !stack.TryPop(popped, out _))
            {
                throw new InvalidOperationException("An honest element was refused.");
            }
        }
    }
}
