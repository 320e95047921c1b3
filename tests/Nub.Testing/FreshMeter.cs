using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.Loader;

namespace Nub.Testing;

/// <summary>Makes the meter of an assembly anew, in a copy of the assembly whose types have not been used, while a listener does what it should not.</summary>
public static class FreshMeter
{
    /// <summary>Makes it while a listener throws whenever it is told of an instrument, and after it has waited for another thread that makes it as well.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <param name="type">The type with the method <c>Prepare</c> and the field <c>s_meter</c>.</param>
    /// <param name="meter">The meter's name.</param>
    /// <returns>How many instruments the listener was told of, and another one sees afterwards.</returns>
    public static (int Told, int Seen) MakeUnderAListenerThatThrows(Assembly assembly, string type, string meter)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        var context = new AssemblyLoadContext("fresh");
        Type fresh = context.LoadFromAssemblyPath(assembly.Location).GetType(type, throwOnError: true)!;
        Action prepare = fresh.GetMethod("Prepare", BindingFlags.Public | BindingFlags.Static)!.CreateDelegate<Action>();
        int told = 0;
        bool isHeld = false;
        Meter? made = null;
        using (var listener = new MeterListener())
        {
            listener.InstrumentPublished = (instrument, _) =>
            {
                // That of the assembly itself may be there already.
                if (instrument.Meter.Name == meter && ReferenceEquals(instrument.Meter, made ??= Made()))
                {
                    told++;
                    var thread = new Thread(() => prepare()) { IsBackground = true };
                    thread.Start();
                    isHeld |= !thread.Join(TimeSpan.FromSeconds(30));
                    throw new InvalidOperationException("The listener's own fault.");
                }
            };
            listener.Start();
            prepare();
        }

        // What the listener throws, the library keeps to itself: so it is thrown here.
        if (isHeld)
        {
            throw new TimeoutException("Another thread that makes the meter waits for the listener.");
        }

        prepare();
        int seen = 0;
        using (var other = new MeterListener { InstrumentPublished = (instrument, _) => seen += ReferenceEquals(instrument.Meter, made) ? 1 : 0 })
        {
            other.Start();
        }

        made?.Dispose();
        return (told, seen);

        Meter? Made() => (Meter?)fresh.GetField("s_meter", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null);
    }
}
