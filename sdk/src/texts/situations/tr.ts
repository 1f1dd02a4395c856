import type { SituationTexts } from './en.ts'

const goBack = 'Programa dönün ve orada yeniden başlayın.'
const askAdministrator = 'Aşağıdaki başvuru numarasını yöneticinize verin.'

/* A provider whose name is not known is not left out of its sentence. */
const signIn = 'Şirketinizin oturum açma hizmeti'
const signInThere = 'şirketinizin oturum açma hizmeti'

export const situations: SituationTexts = {
  'unknown-client': () => ({
    title: 'Bu program burada tanınmıyor',
    what: 'Sizi buraya yönlendiren program bu ağ geçidinde kayıtlı değil veya kaydı kaldırılmış.',
    next: 'Programdaki bağlantıyı kaldırıp yeniden ekleyin. İşe yaramazsa yöneticinize başvurun.',
  }),
  'client-not-allowed': ({ client }) => ({
    title: 'Bu program burada kullanılamaz',
    what: `Yöneticileriniz bu ağ geçidinde “${client}” programına izin vermedi.`,
    next: 'İzin verilen bir programı kullanın veya yöneticilerinizden bu program için izin isteyin.',
  }),
  'wrong-redirect': ({ client }) => ({
    title: 'Bu bağlantıya güvenilemez',
    what: `“${client}” yanıtı kayıtlı olmayan bir adrese istedi. Yanıt başkasının eline geçebilirdi, bu yüzden gönderilmedi.`,
    next: 'Programın kendisinde yeniden başlayın. Sizi buraya bir bağlantı getirdiyse onu bir daha kullanmayın.',
  }),
  'faulty-request': () => ({
    title: 'Programın isteği hatalı',
    what: 'Sizi buraya getiren istek eksik veya hatalı, bu yüzden hiçbir şeye izin verilmedi.',
    next: `${goBack} Yinelenirse programı yapanlar onu aşağıdaki ayrıntılarla düzeltebilir.`,
  }),
  'unreachable-client-document': ({ host }) => ({
    title: 'Program denetlenemedi',
    what: `Programın tanımı ${host} sitesinde, ancak bu ağ geçidi siteye ulaşamıyor veya ulaşmasına izin yok.`,
    next: `Yalnızca bir yönetici yardımcı olabilir. ${host} şirketinizin içindeyse yönetici onu ilkede, “clients: metadataHosts” altında belirtir. İnternetteyse ağ geçidine oraya bir yol açar (örneğin HTTPS_PROXY) veya “clients: { metadataDocuments: off }” ayarlar; böylece bu tür programlar bunun yerine kaydolur.`,
  }),
  'untrusted-client-document': ({ host }) => ({
    title: 'Program denetlenemedi',
    what: `Programın tanımı ${host} sitesinde, ancak bu sitenin sertifikasına burada güvenilmiyor.`,
    next: 'Sertifikayı sitenin sahipleri düzeltebilir. Şirketinizin vekil sunucusu sertifikaları değiştiriyorsa yönetici onun sertifika yetkilisini NODE_EXTRA_CA_CERTS ile ekler.',
  }),
  'failing-client-document': ({ host }) => ({
    title: 'Program denetlenemedi',
    what: `Programın tanımı ${host} sitesinde, ancak site hata veriyor veya çok geç yanıt veriyor.`,
    next: 'Birkaç dakika sonra yeniden deneyin. Sürerse bunu sitenin sahipleri düzeltmelidir.',
  }),
  'faulty-client-document': ({ host }) => ({
    title: 'Program denetlenemedi',
    what: `Programın ${host} sitesindeki tanımı hatalı, bu yüzden programa güvenilmedi.`,
    next: 'Programı yapanlar onu aşağıdaki ayrıntılarla düzeltebilir.',
  }),
  'client-documents-off': ({ host }) => ({
    title: 'Programın burada kaydolması gerekir',
    what: `Programın tanımı ${host} sitesinde. Yöneticileriniz bu ağ geçidinin böyle tanımları almamasına karar verdi.`,
    next: 'Programdaki bağlantıyı kaldırıp yeniden ekleyin: program burada kendisi kaydolabilir. Bu sayfa yine çıkarsa yöneticinize sorun.',
  }),
  'unknown-resource': () => ({
    title: 'Burada böyle bir hizmet yok',
    what: 'Program, bu ağ geçidinin sunmadığı bir adrese erişim istedi.',
    next: 'Programa verdiğiniz adresi denetleyin. Adres /mcp ile biter.',
  }),
  'sign-in-expired': () => ({
    title: 'Bu sayfanın süresi doldu',
    what: 'Oturum açma çok uzun sürdü veya başka bir sekmede tamamlandı.',
    next: goBack,
  }),
  'other-browser': () => ({
    title: 'Bu oturum açma başka yerde başladı',
    what: 'Başka bir tarayıcıda başladı veya bu tarayıcıda artık çerezi yok. Güvenliğiniz için yalnızca başladığı yerde sürer.',
    next: 'Başladığınız tarayıcıda devam edin veya programda yeniden başlayın.',
  }),
  'cookies-blocked': () => ({
    title: 'Bu tarayıcı çerezleri engelliyor',
    what: 'Oturum açmak için bu sitenin bir çerezi gerekir, ancak tarayıcı onu geri göndermedi.',
    next: 'Bu site için çerezlere izin verip yeniden deneyin. Gizli pencere de onları engelleyebilir.',
  }),
  'network-changes': () => ({
    title: 'Oturum açarken ağınız değişiyor',
    what: 'Bu ağ geçidi bir oturumu tek bir ağa bağlar, tarayıcınız ise her adımda başka bir ağdan geldi. Bu yüzden oturum açma tamamlanamıyor.',
    next: 'Tek bir ağ üzerinden, örneğin VPN olmadan, yeniden deneyin. Yardımcı olmazsa bir yöneticiye settings.binding ayarını sorun.',
  }),
  'code-used': () => ({
    title: 'Bu adım zaten tamamlandı',
    what: 'Sayfa iki kez yüklendi; her oturum açma yalnızca bir kez geçerlidir.',
    next: 'Program bağlandıysa bu pencereyi kapatabilirsiniz. Bağlanmadıysa programda yeniden başlayın.',
  }),
  'stale-form': () => ({
    title: 'Bu sayfa güncel değil',
    what: 'Form iki kez veya eski bir sekmeden gönderildi. Hiçbir şey değişmedi.',
    next: goBack,
  }),
  'too-many-attempts': ({ minutes }) => ({
    title: 'Çok fazla deneme',
    what: 'Kısa sürede çok fazla deneme yapıldı.',
    next: `${minutes} dk. bekleyin, sonra yeniden deneyin.`,
  }),
  'sign-in-cancelled': ({ provider }) => ({
    title: 'Oturum açılmadı',
    what: `Oturum açma işlemi ${provider || signInThere} tarafında iptal edildi veya reddedildi.`,
    next: 'Yeniden deneyin. Şirketinizin oturum açma hizmeti sizi reddediyorsa yöneticinize başvurun.',
  }),
  'provider-down': ({ provider }) => ({
    title: 'Oturum açma hizmeti yanıt vermiyor',
    what: `${signIn}${provider && ` ${provider}`} erişilebilir değil.`,
    next: 'Birkaç dakika sonra yeniden deneyin. Sürerse yöneticinize bildirin.',
  }),
  'provider-slow': ({ provider }) => ({
    title: 'Oturum açma çok uzun sürüyor',
    what: `${signIn}${provider && ` ${provider}`} zamanında yanıt vermedi.`,
    next: 'Yeniden deneyin. Sürerse yöneticinize bildirin.',
  }),
  'faulty-provider': ({ provider }) => ({
    title: 'Oturum açma doğrulanamadı',
    what: `${provider ? `${provider} hizmetinin` : `${signIn}nin`} yanıtı denetimlerden geçmedi, bu yüzden ona güvenilmedi.`,
    next: `Yeniden deneyin. Yinelenirse: ${askAdministrator}`,
  }),
  'unknown-provider-key': ({ provider }) => ({
    title: 'Oturum açma doğrulanamadı',
    what: `${provider || signIn} yanıtını yayımlamadığı bir anahtarla imzaladı. Anahtarlarını değiştiriyor olabilir.`,
    next: `Bir dakika sonra yeniden deneyin. Sürerse: ${askAdministrator}`,
  }),
  'clock-off': ({ provider, minutes }) => ({
    title: 'Saatler farklı',
    what: `${provider || signIn} ile bu ağ geçidinin saatleri arasında ${minutes === undefined ? '' : `yaklaşık ${minutes} dk. `}fark var, bu yüzden oturum açma çok eski veya çok yeni görünüyor.`,
    next: 'Saatleri yalnızca bir yönetici düzeltebilir. Aşağıdaki başvuru numarasını yöneticinize verin.',
  }),
  'provider-refused': ({ provider }) => ({
    title: 'Oturum açma doğru kurulmamış',
    what: `${provider || signIn} bu ağ geçidini reddetti. Ağ geçidinin oradaki kaydı hatalı veya süresi dolmuş.`,
    next: askAdministrator,
  }),
  'unknown-provider': () => ({
    title: 'Burada böyle bir oturum açma yolu yok',
    what: 'Seçilen oturum açma yolu bu ağ geçidinde kurulu değil veya artık yok.',
    next: goBack,
  }),
  'no-provider': () => ({
    title: 'Henüz kimse oturum açamaz',
    what: 'Bu ağ geçidinde hiçbir oturum açma hizmeti kurulu değil.',
    next: 'Bir yönetici onu ilke dosyasında, “providers” bölümünde belirtir.',
  }),
  'missing-claims': ({ provider }) => ({
    title: 'Oturum açma kim olduğunuzu bildirmiyor',
    what: `${provider ? `${provider} hizmetinin` : `${signIn}nin`} yanıtında buradaki adınızın oluşturulacağı bilgi yok.`,
    next: `${askAdministrator} Yöneticiniz hizmetin gönderdiğini veya bunun okunma biçimini değiştirebilir.`,
  }),
  'handle-taken': ({ handle }) => ({
    title: 'Buradaki adınız başkasına ait',
    what: `Buradaki adınız “${handle}” olacaktı, ancak bu ad zaten başka birinin. Bir ad asla el değiştirmez, bu yüzden oturumunuz açılmadı.`,
    next: `${askAdministrator} Yöneticiniz size başka bir ad verebilir.`,
  }),
  'account-disabled': () => ({
    title: 'Erişiminiz kapatıldı',
    what: 'Bu ağ geçidindeki hesabınız devre dışı.',
    next: 'Bunun bir yanlışlık olduğunu düşünüyorsanız yöneticinize başvurun.',
  }),
  'access-refused': () => ({
    title: 'Buna izniniz yok',
    what: 'Oturumunuz açık, ancak yöneticileriniz size bunun için izin vermedi.',
    next: 'Yöneticinizden erişim isteyin veya başka biri olarak oturum açın.',
  }),
  'foreign-form': () => ({
    title: 'Bu form buradan gönderilmedi',
    what: 'Tarayıcıya göre formu başka bir site gönderdi, bu yüzden form reddedildi. Hiçbir şey değişmedi.',
    next: 'Sayfayı burada yeniden açın. Bunu yaptıysanız bir tarayıcı eklentisi formların nereden geldiğini gizliyor olabilir.',
  }),
  'page-not-found': () => ({
    title: 'Burada bir şey yok',
    what: 'Bu adreste bir sayfa yok.',
    next: 'Adresi denetleyin veya programınızda yeniden başlayın.',
  }),
  'try-later': () => ({
    title: 'Lütfen biraz sonra yeniden deneyin',
    what: 'Ağ geçidi şu anda yanıt veremiyor. Hiçbir şey değişmedi.',
    next: 'Birkaç saniye sonra yeniden deneyin.',
  }),
  'server-error': () => ({
    title: 'Burada bir hata oluştu',
    what: 'Ağ geçidi bir hata yaptı. Bu hata kaydedildi.',
    next: 'Yeniden deneyin. Yinelenirse ne zaman ne yaptığınızı yöneticinize bildirin.',
  }),
}
