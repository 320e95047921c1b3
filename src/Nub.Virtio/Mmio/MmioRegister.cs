namespace Nub.Virtio;

/// <summary>Offsets in the window (virtio 1.2, section 4.2.2).</summary>
internal static class MmioRegister
{
    public const ulong Magic = 0x000;
    public const ulong Version = 0x004;
    public const ulong DeviceId = 0x008;
    public const ulong VendorId = 0x00C;
    public const ulong DeviceFeatures = 0x010;
    public const ulong DeviceFeaturesSelect = 0x014;
    public const ulong DriverFeatures = 0x020;
    public const ulong DriverFeaturesSelect = 0x024;
    public const ulong QueueSelect = 0x030;
    public const ulong QueueSizeMax = 0x034;
    public const ulong QueueSize = 0x038;
    public const ulong QueueReady = 0x044;
    public const ulong QueueNotify = 0x050;
    public const ulong InterruptStatus = 0x060;
    public const ulong InterruptAcknowledge = 0x064;
    public const ulong Status = 0x070;
    public const ulong DescriptorAreaLow = 0x080;
    public const ulong DescriptorAreaHigh = 0x084;
    public const ulong DriverAreaLow = 0x090;
    public const ulong DriverAreaHigh = 0x094;
    public const ulong DeviceAreaLow = 0x0A0;
    public const ulong DeviceAreaHigh = 0x0A4;
    public const ulong SharedMemoryLengthLow = 0x0B0;
    public const ulong SharedMemoryLengthHigh = 0x0B4;
    public const ulong QueueReset = 0x0C0;
    public const ulong ConfigurationGeneration = 0x0FC;
    public const ulong Configuration = 0x100;
}
