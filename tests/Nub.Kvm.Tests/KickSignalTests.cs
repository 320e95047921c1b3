using System.Reflection;
using System.Runtime.Loader;

namespace Nub.Kvm.Tests;

/// <summary>The signal that gets a thread out of a guest is claimed when it can be had, whatever came of it before. Alone, because the process has no free signal for a moment.</summary>
[Collection(Alone.Name)]
public sealed class KickSignalTests
{
    [SkippableFact]
    public unsafe void A_signal_that_cannot_be_had_is_refused_each_time_and_claimed_when_one_is_free()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.Is64BitProcess, "Signals of Linux.");

        // A copy of the assembly, which has claimed none yet.
        Type fresh = new AssemblyLoadContext("fresh").LoadFromAssemblyPath(typeof(KickSignal).Assembly.Location).GetType(typeof(KickSignal).FullName!, throwOnError: true)!;
        Func<int> number = fresh.GetProperty(nameof(KickSignal.Number), BindingFlags.Public | BindingFlags.Static)!.GetMethod!.CreateDelegate<Func<int>>();

        // Sound: the kernel reads or writes the locals during the calls only, and no signal is sent whose handler is 1, which ignores it.
        LibC.SignalActionData ignore = new() { Handler = 1 };
        LibC.SignalActionData none = default;
        var taken = new List<int>();
        try
        {
            for (int signal = 36; signal <= 64; signal++)
            {
                LibC.SignalActionData old = default;
                if (LibC.SignalAction(signal, null, &old) == 0 && old.Handler == 0 && LibC.SignalAction(signal, &ignore, null) == 0)
                {
                    taken.Add(signal);
                }
            }

            Assert.NotEmpty(taken);
            for (int i = 0; i < 2; i++)
            {
                Exception refused = Assert.ThrowsAny<Exception>(() => { _ = number(); });
                Assert.Equal(typeof(KvmException).FullName, refused.GetType().FullName);
            }
        }
        finally
        {
            foreach (int signal in taken)
            {
                _ = LibC.SignalAction(signal, &none, null);
            }
        }

        int[] numbers = new int[8];
        Parallel.For(0, numbers.Length, i => numbers[i] = number());
        Assert.Equal([taken[^1]], numbers.Distinct());
        LibC.SignalActionData ours = default;
        Assert.Equal(0, LibC.SignalAction(taken[^1], null, &ours));
        Assert.NotEqual(0, ours.Handler);
        Assert.Equal(0, LibC.SignalAction(taken[^1], &none, null));
    }
}
