using System.Runtime.CompilerServices;

namespace Nub.Testing;

/// <summary>Waiting for what another thread, process or guest is about to do: for as long as it takes, and with an error where it never comes.</summary>
public static class Patience
{
    /// <summary>What takes longer hangs: machines that run tests may be ten times slower than ours, and busy.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>The same of a whole program: of a test's child, or of a build.</summary>
    public static readonly TimeSpan ProgramLimit = TimeSpan.FromMinutes(10);

    /// <summary>Waits until a condition holds.</summary>
    /// <param name="condition">Asked again and again.</param>
    /// <param name="what">What it says, for the error.</param>
    public static void WaitUntil(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Assert.True(SpinWait.SpinUntil(condition, Limit), $"Not within {Limit.TotalSeconds} s: {what}");
}
