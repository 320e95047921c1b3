using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>
/// Has the kernel remember which pages of a range were written since they were protected: userfaultfd's asynchronous write protection (Linux 6.7;
/// Documentation/admin-guide/mm/userfaultfd.rst), under which a write just lifts the protection, without an event.
/// </summary>
/// <remarks>
/// A descriptor for the whole process, because a range stays watched for as long as it is mapped and the descriptor is open. A container may forbid the call
/// (seccomp), and an older kernel has no such mode: a trial finds out.
/// </remarks>
internal sealed unsafe class WriteProtection
{
    private const ulong ApiVersion = 0xAA;

    private static readonly PageQuery s_everything = new(PageTraits.None, PageTraits.None, PageTraits.None, PageTraits.None);
    private static readonly Lazy<WriteProtection?> s_own = Once.Make(static () => new Lazy<WriteProtection?>(Open, LazyThreadSafetyMode.PublicationOnly));

    private readonly SafeFileHandle _file;

    private WriteProtection(SafeFileHandle file) => _file = file;

    /// <summary>This process's; <see langword="null"/> where the system has none.</summary>
    public static WriteProtection? Own => s_own.Value;

    /// <summary>Pages that were written since they were protected, or that never were. The kernel answers exactly this question without looking at the pages
    /// themselves, ten times faster than others.</summary>
    public static PageQuery Written { get; } = new(PageTraits.Written, PageTraits.None, PageTraits.None, PageTraits.Written);

    /// <summary>Watches a range, of which nothing is protected yet.</summary>
    /// <returns>Whether the kernel does: the range may be registered with another userfaultfd.</returns>
    public bool TryWatch(nint address, ulong length)
    {
        var argument = new LinuxNative.UserFaultRegisterArgument
        {
            Start = (ulong)address,
            Length = length,
            Mode = LinuxNative.UserFaultModeWriteProtect,
        };

        // Sound: the kernel reads and writes the argument, for the length of the call.
        return LinuxNative.IoControl(_file, LinuxNative.UserFaultRegister, &argument) == 0;
    }

    private static WriteProtection? Open()
    {
        long number = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 323,
            Architecture.Arm64 => 282,
            _ => -1,
        };
        if (number < 0 || PageMap.Own is not { Scans: true } map)
        {
            return null;
        }

        // Faults of user code only, because without that the call needs a privilege. In the asynchronous mode the kernel's are resolved all the same.
        var file = new SafeFileHandle();
        nint descriptor = LinuxNative.SystemCall((nint)number, LinuxNative.OpenCloExec | LinuxNative.OpenNonBlock | LinuxNative.UserFaultUserModeOnly);
        if (descriptor < 0)
        {
            file.Dispose();
            return null;
        }

        Marshal.InitHandle(file, descriptor);
        var protection = new WriteProtection(file);
        if (protection.Agree() && protection.Works(map))
        {
            return protection;
        }

        file.Dispose();
        return null;
    }

    private bool Agree()
    {
        var argument = new LinuxNative.UserFaultApiArgument
        {
            Version = ApiVersion,
            Features = LinuxNative.UserFaultWriteProtectUnpopulated | LinuxNative.UserFaultWriteProtectFiles | LinuxNative.UserFaultWriteProtectAsync,
        };
        return LinuxNative.IoControl(_file, LinuxNative.UserFaultApi, &argument) == 0;
    }

    /// <summary>Looks at three pages of a private view of a file, of which one was read and one was written.</summary>
    private bool Works(PageMap map)
    {
        nint page = (nint)HostMapping.PageSize;
        using SafeFileHandle contents = new();
        int descriptor = LinuxNative.MemFdCreate("nub-trial", LinuxNative.MfdCloExec);
        if (descriptor < 0)
        {
            return false;
        }

        Marshal.InitHandle(contents, descriptor);
        if (LinuxNative.FTruncate(contents, 3 * page) != 0)
        {
            return false;
        }

        nint view = LinuxNative.MMapFile(0, 3 * (nuint)page, LinuxNative.ProtRead | LinuxNative.ProtWrite, LinuxNative.MapPrivate, contents, 0);
        if (view == LinuxNative.MapFailed)
        {
            return false;
        }

        try
        {
            nint end = view + 3 * page;
            if (!TryWatch(view, (ulong)(3 * page)) || !map.Protect(s_everything, view, end))
            {
                return false;
            }

            // Sound: pages of our own.
            _ = Volatile.Read(ref *(byte*)view);
            *(byte*)(view + page) = 1;
            PageRun* runs = stackalloc PageRun[4];
            nint at = view;
            return map.Find(Written, ref at, end, new Span<PageRun>(runs, 4)) == 1 && at == end
                && runs[0].Start == view + page && runs[0].End == view + 2 * page;
        }
        finally
        {
            _ = LinuxNative.MUnmap(view, 3 * (nuint)page);
        }
    }
}
