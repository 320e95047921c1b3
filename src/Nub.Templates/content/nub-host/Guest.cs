using System.Text;
using Nub.Memory;

// The other side, played by a thread. Replace it with what really has the memory: a virtual machine (Nub.Kvm), another process (Nub.Ipc), a device (Nub.Virtio).
internal static class Guest
{
    private const ulong MessageAddress = 0x1000;

    public static void Send(GuestSharedMemory guest, HostSharedMemory memory, string text)
    {
        var thread = new Thread(() =>
        {
            // A lease, as a virtual processor has one while it runs: the memory cannot be taken away meanwhile.
            using GuestLease lease = guest.EnterGuest();
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            memory.CopyFrom(MessageAddress, bytes);
            memory.Write(0, new Request { Address = MessageAddress, Length = (uint)bytes.Length });
        });
        thread.Start();
        thread.Join();
    }
}
