using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>The kernel's virtual machine monitor, <c>/dev/kvm</c> (Linux, Documentation/virt/kvm/api.rst, section 4).</summary>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed class KvmSystem : IDisposable
{
    private const string DevicePath = "/dev/kvm";

    // "Applications should refuse to run if KVM_GET_API_VERSION returns a value other than 12" (api.rst, section 4.1).
    private const int ExpectedApiVersion = 12;

    private readonly Descriptor _device;
    private readonly ulong _runPagesSize;

    /// <summary>Opens <c>/dev/kvm</c>.</summary>
    /// <exception cref="PlatformNotSupportedException">This is not Linux on x86-64.</exception>
    /// <exception cref="KvmException">The device cannot be opened, or is no KVM of API version 12. The message says why, as far as this
    /// host tells, and what helps: a module to load, a group to join, a container's option, nested virtualization.</exception>
    public KvmSystem()
    {
        Platform.Require();
        int descriptor = LibC.Open(DevicePath, LibC.OpenReadWrite | LibC.OpenCloseOnExec);
        if (descriptor < 0)
        {
            int errorCode = Marshal.GetLastPInvokeError();
            string remedy = Remedy.ForOpen(errorCode, HostFacts.Read());
            throw new KvmException("open", errorCode, remedy.Length == 0 ? DevicePath : $"{DevicePath}. {remedy}");
        }

        _device = new Descriptor(descriptor, typeof(KvmSystem));
        try
        {
            ApiVersion = Requests.GetApiVersion.Call(_device);
            if (ApiVersion != ExpectedApiVersion)
            {
                throw new KvmException(Requests.GetApiVersion.Name, 0, $"API version {ApiVersion}, not {ExpectedApiVersion}");
            }

            _runPagesSize = (ulong)Requests.GetVcpuMmapSize.Call(_device);
        }
        catch
        {
            _device.Dispose();
            throw;
        }
    }

    /// <summary>The version of the interface: 12.</summary>
    public int ApiVersion { get; }

    /// <summary>Whether virtual machines can be made here, by this user, now.</summary>
    /// <param name="whyNot">Why not and what helps, for a person to read; empty when they can.</param>
    /// <returns>Whether they can.</returns>
    public static bool IsSupported(out string whyNot)
    {
        whyNot = Platform.WhyNot ?? "";
        if (whyNot.Length > 0)
        {
            return false;
        }

        try
        {
            using var system = new KvmSystem();
            foreach (KvmCapability needed in (ReadOnlySpan<KvmCapability>)[KvmCapability.UserMemory, KvmCapability.ImmediateExit])
            {
                if (system.CheckExtension(needed) == 0)
                {
                    whyNot = $"This KVM lacks {needed} (capability {(int)needed}).";
                    return false;
                }
            }

            return true;
        }
        catch (KvmException refusal)
        {
            whyNot = refusal.Message;
            return false;
        }
    }

    /// <summary>Asks for a capability (KVM_CHECK_EXTENSION; api.rst, section 4.4).</summary>
    /// <param name="capability">The capability.</param>
    /// <returns>0 when it is absent; otherwise 1, or a number that the capability's documentation explains.</returns>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The system was disposed.</exception>
    public int CheckExtension(KvmCapability capability) => Requests.CheckExtension.Call(_device, (nint)capability);

    /// <summary>What CPUID can answer to a guest on this host (KVM_GET_SUPPORTED_CPUID; api.rst, section 4.46).</summary>
    /// <returns>The leaves: to be changed at will and given to <see cref="VirtualProcessor.SetCpuid"/>.</returns>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The system was disposed.</exception>
    public CpuidEntry[] GetSupportedCpuid() => CpuidTable.Get(Requests.GetSupportedCpuid, _device);

    /// <summary>Creates a virtual machine without memory or processors (KVM_CREATE_VM; api.rst, section 4.2).</summary>
    /// <returns>The machine. It lives on when this system is disposed.</returns>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The system was disposed.</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The machine owns the descriptor, and its constructor closes it when it throws.")]
    public VirtualMachine CreateVirtualMachine()
    {
        int descriptor = Requests.CreateVm.TryCall(_device, 0, out int errorCode);
        return descriptor >= 0
            ? new VirtualMachine(new Descriptor(descriptor, typeof(VirtualMachine)), _runPagesSize)
            : throw new KvmException(Requests.CreateVm.Name, errorCode, errorCode != LibC.Busy ? null
                : "another hypervisor, such as VirtualBox or VMware, uses the processor's virtualization: end its machines first");
    }

    private string DebuggerDisplay => _device.IsClosed ? "/dev/kvm, disposed" : $"/dev/kvm, API version {ApiVersion}";

    /// <summary>Closes the device. Machines that were created live on.</summary>
    public void Dispose() => _device.Dispose();
}
