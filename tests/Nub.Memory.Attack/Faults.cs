using System.Runtime.InteropServices;

namespace Nub.Memory.Attack;

/// <summary>
/// The library of tests/Nub.Memory.Attack/faults.c, which the test compiled and had loaded into this process first (LD_PRELOAD): it
/// counts the native allocations and system calls that managed code makes, and fails them on demand.
/// </summary>
internal static class Faults
{
    private static readonly nint s_library = NativeLibrary.Load(
        Environment.GetEnvironmentVariable("LD_PRELOAD") ?? throw new InvalidOperationException("Without LD_PRELOAD nothing can be made fail."));

    private static readonly Arm s_arm = Export<Arm>("nub_faults_arm");
    private static readonly Count s_disarm = Export<Count>("nub_faults_disarm");
    private static readonly Count s_mappings = Export<Count>("nub_faults_mappings");
    private static readonly Count s_last = Export<Count>("nub_faults_last");

    private delegate void Arm(int first, int all);

    private delegate int Count();

    /// <summary>The mappings that managed code made and has not unmapped, not counting what replaced a part of one.</summary>
    public static int Mappings => s_mappings();

    /// <summary>What was failed last.</summary>
    public static string Last => Marshal.PtrToStringUTF8(Export<LastName>("nub_faults_name")()) ?? "nothing";

    private delegate nint LastName();

    /// <summary>Has the library's system calls go by way of faults.c, too. To be called before the library's first.</summary>
    public static void Attach()
    {
        NativeLibrary.SetDllImportResolver(typeof(HostSharedMemory).Assembly, (name, _, _) => name == "libc" ? s_library : 0);
        _ = s_last();
    }

    /// <summary>Fails the call of this number, from 1, and none after it.</summary>
    public static void FailOne(int number) => s_arm(number, 0);

    /// <summary>Fails every call until <see cref="Stop"/>.</summary>
    public static void FailAll() => s_arm(1, 1);

    /// <summary>Fails nothing any more.</summary>
    /// <returns>How many calls there were since the beginning.</returns>
    public static int Stop() => s_disarm();

    private static T Export<T>(string name) where T : Delegate =>
        Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(s_library, name));
}
